"""Predictive maintenance: the scenario that ships with Batchkeeper."""
