"""Masks of raw data: what their values mean, and their conversion to class indices."""
