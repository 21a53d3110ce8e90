"""What is known of a file before Spark reads it."""
