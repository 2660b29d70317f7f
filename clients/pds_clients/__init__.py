"""Talking to the world: the PDS backend, Supabase's tables, Kubernetes. Each raises the contract's errors."""
