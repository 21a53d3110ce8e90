"""The process of one notebook: cells, magics, libraries, and what its task sets."""
