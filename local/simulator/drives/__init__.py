"""The hard disks of `examples/drive_failures`: a fleet that comes and goes, one reading of each drive a day."""
