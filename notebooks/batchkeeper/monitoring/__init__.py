"""The monitoring step: what predictions were worth, and how features move."""
