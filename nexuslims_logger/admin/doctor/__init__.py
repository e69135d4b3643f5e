"""``doctor``: looks at everything a session needs, changes nothing, and says what to do."""
