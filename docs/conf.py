"""Sphinx's configuration."""

from nexuslims_logger import __version__

project = "NexusLIMS-Logger"
author = "the NexusLIMS-Logger authors"
copyright = f"2026, {author}"  # noqa: A001 - the name that Sphinx reads
version = release = __version__

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
# Anything unresolved is an error (make docs runs with -W).
nitpicky = True

html_theme = "furo"
html_title = f"NexusLIMS-Logger {version}"
