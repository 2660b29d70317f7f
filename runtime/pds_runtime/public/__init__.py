"""A public port: bounded connections, listening, draining. It knows nothing of what is served there."""
