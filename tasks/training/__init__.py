"""Steps that train a model, a classifier or a guide."""
