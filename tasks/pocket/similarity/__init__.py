"""The CLIP that says how well a picture fits a text: its network, batches and training."""
