"""How a step is run: its kind, alone or in a batch, on which device, watched and cancelled."""
