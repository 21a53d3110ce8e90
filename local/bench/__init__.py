"""Measures the steps of the scenario as ratios to one unit of work of the same machine, in one run on the same data."""
