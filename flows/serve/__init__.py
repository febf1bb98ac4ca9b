"""Runs that start by themselves: `darkroom up`, `darkroom deploy`, the served report, webhooks."""
