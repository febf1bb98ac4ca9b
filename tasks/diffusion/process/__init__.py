"""Noise added to small images step by step, learned, and taken away again (t = 1..T, 0 clean)."""
