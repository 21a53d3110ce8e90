"""The training-set step: labels up to date, splits in time, a sample of the rows."""
