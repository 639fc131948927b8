"""Figures and reports of trained runs."""
