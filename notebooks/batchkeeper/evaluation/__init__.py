"""The evaluation step: metrics, baselines, gate."""
