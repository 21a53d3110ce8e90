"""How good rows get into the tables, and what a run left there."""
