"""One module a plot: what it is asked, refuses, needs, and is called."""
