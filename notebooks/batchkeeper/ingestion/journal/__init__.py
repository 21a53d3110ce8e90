"""What was read, up to when the data are complete, and whom snapshots list."""
