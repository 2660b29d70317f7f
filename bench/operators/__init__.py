"""What the operator costs: provisioning, a restart, the steady state, a burst; each beside bare clients' same calls."""
