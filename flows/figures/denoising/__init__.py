"""Figures of noise and its removal: forward, blur, one step, step by step, side by side."""
