"""Models of 0.1.0 name their last stage by this module."""

from batchkeeper.model.heads import CalibratedHeads

__all__ = ["CalibratedHeads"]
