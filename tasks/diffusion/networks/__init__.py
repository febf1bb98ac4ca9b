"""The networks of the write-ups, and how a trained one is made ready to sample."""
