"""What bounds the operator: the circuit that rejected credentials open, and the gate that deploys pass."""
