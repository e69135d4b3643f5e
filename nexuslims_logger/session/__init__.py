"""The life of a session: start, end, recovery, and the service that the window calls."""
