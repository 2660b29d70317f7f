"""How each command starts, reads its settings, logs, and answers probes. It knows nothing of what it runs."""
