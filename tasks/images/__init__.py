"""Input images: found, read, checked, cut square, and masked. Neither torch nor Prefect is imported
here; `sources` does without Pillow too, since the plan reads it."""
