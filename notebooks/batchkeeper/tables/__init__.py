"""Every table of the engine: its columns, key and properties, as they follow from a scenario."""
