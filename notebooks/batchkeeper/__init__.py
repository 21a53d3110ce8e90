"""The scenario-neutral part of the notebooks: job parameters, Delta tables, step results, ingestion of drops, monitoring arithmetic."""
