"""Figures of pictures that show several prompts: by a view, by distance, by component."""
