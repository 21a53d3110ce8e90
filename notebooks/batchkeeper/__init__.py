"""The engine of every scenario that predicts events of entities from their readings and events."""
