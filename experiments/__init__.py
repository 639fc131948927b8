"""Comparisons of runs that differ in one or two settings, with tables and figures of their results."""
