"""The resident process: it takes orders, starts drivers and notebook processes, and judges runs."""
