"""Text-to-image models in DeepFloyd's layout: where they lie, what they need, how they are loaded.

Nothing here but the steps knows torch, diffusers or transformers before a part is loaded, so that a
plan and the checks before a run stay quick.
"""
