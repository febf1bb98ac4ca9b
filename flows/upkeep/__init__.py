"""Looking after a store: what ran, how runs differ, whether all is whole, what can go.

Each module answers a command or two with plain values, and says them as JSON and for people.
"""
