"""The scoring step: which points are due, which model answers, what is written."""
