"""A run: Prefect flows, the queue of nodes, records and progress."""
