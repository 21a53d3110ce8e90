"""The driver JVM and its Spark: how they are made, started and set up."""
