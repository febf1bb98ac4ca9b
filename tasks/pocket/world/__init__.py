"""What the pocket model is trained on: pictures and captions, drawn from a seed."""
