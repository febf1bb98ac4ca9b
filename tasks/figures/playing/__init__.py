"""What plots have readers do with a drawn panel: the data that the page's script builds its
controls from."""
