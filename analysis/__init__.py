"""Figures and reports of trained runs."""

import installation  # noqa: F401  it refuses to start where something is in the way
