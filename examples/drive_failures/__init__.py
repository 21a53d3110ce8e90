"""The scenario drive_failures: which hard disk fails next."""
