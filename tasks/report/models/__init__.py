"""Cards of the models of a run: those it trained, and those it used as they are."""
