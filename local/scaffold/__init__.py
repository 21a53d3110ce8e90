"""Writes the files of a new scenario."""
