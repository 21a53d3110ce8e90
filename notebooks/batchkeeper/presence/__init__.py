"""When each entity was there."""
