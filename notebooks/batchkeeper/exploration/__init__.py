"""A failure from near, as a page."""
