"""Many text-to-image trajectories at once (t = T-1..0, one step more to the clean picture)."""
