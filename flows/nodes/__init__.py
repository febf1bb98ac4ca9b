"""What the declared data sets, models and images become: nodes."""
