"""The machines of `predictive_maintenance`: their events, their hourly telemetry, and the drops that carry both."""
