"""What crosses the boundary between app and notebooks: job parameters, manifest, step results."""
