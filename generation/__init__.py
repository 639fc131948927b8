"""Models that generate images."""
