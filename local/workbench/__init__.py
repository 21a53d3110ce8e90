"""Runs the notebooks on a local Spark in one process, to measure them: no server, no functions host, no storage."""
