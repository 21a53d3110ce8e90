"""What happened after each as-of point."""
