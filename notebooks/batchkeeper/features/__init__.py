"""The features step and the feature queries."""
