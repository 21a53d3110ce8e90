"""Simulates the machines of Microsoft's predictive-maintenance data: events, hourly telemetry, and the drops that carry
them.
"""

VERSION = "1.0.0"
