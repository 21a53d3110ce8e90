"""Delta tables and Spark frames, without a word about what they hold."""
