"""Sphinx builds these pages: `python -m sphinx -W --keep-going -b html docs docs/_build/html`."""

project = "SceneLab"
author = "The authors of SceneLab"
copyright = "The authors of SceneLab, Apache-2.0"

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

highlight_language = "text"  # where a block of a page names none
exclude_patterns = ["_build"]
smartquotes = False  # they would make one dash of the two of a flag
html_theme = "furo"
html_title = "SceneLab"
html_static_path = ["_static"]
html_css_files = ["wide.css"]
