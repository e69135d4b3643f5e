"""What this PC remembers by itself: facts (cannot be rebuilt) and files (can)."""
