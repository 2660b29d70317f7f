"""Load and faults for as long as one likes: ``python -m soak``."""
