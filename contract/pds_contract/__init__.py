"""What every part of the product agrees on: pure data and pure rules, no I/O, nothing of ours imported."""
