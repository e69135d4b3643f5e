"""The object store: its contract and the stores that keep it."""
