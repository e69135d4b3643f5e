"""A simulated microscope, and a whole session that plays itself."""
