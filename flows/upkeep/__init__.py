"""Looking after a store: what ran, how runs differ, whether all is whole, what can go.

Each module answers one command with plain values and prints nothing; flows.cli shows them.
"""
