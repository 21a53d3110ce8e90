"""Runs the exploration notebook on the tables that a demo left, and keeps its page."""
