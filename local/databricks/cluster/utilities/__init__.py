"""`dbutils`, and what it asks of the server."""
