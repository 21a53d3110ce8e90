"""Measures the models beside baselines. Labels, rules and metrics are worked out anew from the event files, not by the
notebooks' code.
"""
