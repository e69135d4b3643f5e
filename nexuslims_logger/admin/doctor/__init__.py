"""``doctor``: looks at everything a session needs, and says what to do; it writes one small object into the store."""
