"""Whole PCs, simulated on one thread: the same mains, run by seed, with crashes, faults and virtual time."""
