"""Steps that sample and measure checkpoints."""
