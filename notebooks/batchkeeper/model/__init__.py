"""The model: inputs, forests, calibrated heads, reasons, registry."""
