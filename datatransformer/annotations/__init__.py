"""Annotations of tools, and the masks and labels that they become."""
