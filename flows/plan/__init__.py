"""The plan: every node, its key, hit or miss and why, and the time it takes."""
