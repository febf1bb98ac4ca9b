"""The steps of the text_to_image stage."""
