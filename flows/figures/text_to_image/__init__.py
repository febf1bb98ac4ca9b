"""From text-to-image panels to prompts, trajectories and the pictures drawn of them."""
