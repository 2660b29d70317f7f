"""Doing what the protocol decided: a queue of names, workers that visit them, and the deploy itself."""
