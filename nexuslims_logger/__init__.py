"""Record instrument sessions in MySQL and bring their files safely into a store."""

__version__ = "0.1.0"
