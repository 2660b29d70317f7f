"""The deploy protocol, pure: what has been gathered about one resource goes in, the next step comes out.

Nothing here talks to anything, looks at a clock or draws a random number, so that the very functions that run in
production can be run through every interleaving.
"""
