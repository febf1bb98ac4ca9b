"""What readers can do with a picture: the data that the page's script builds its controls from."""
