"""What every request passes: its address, its size, how often it may come, whether it is forged, how it is answered."""
