"""What the write-ups claim, measured on the artifacts behind their figures."""
