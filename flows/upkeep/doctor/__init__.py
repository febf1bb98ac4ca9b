"""`darkroom doctor`: whether this machine can do what is asked of it, and what a kill has left."""
