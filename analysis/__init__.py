"""Runs -> figures."""
