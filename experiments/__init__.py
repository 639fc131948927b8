"""Comparisons: several runs that differ in a setting or two, and a table of what came of them."""
