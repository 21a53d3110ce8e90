"""The training step: fits, calibrates and registers a model version."""
