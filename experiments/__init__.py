"""Comparisons of runs that differ in one or two settings, with tables and figures of their results."""

import installation  # noqa: F401  it refuses to start where something is in the way
