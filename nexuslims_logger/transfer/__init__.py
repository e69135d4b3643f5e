"""From the watch folders to the object store: scan, comparison, upload, record."""
