"""The tests on Windows: an interpreter under Wine runs them, and this system lends it a screen and servers."""
