"""A run and pictures -> a CSV of predictions, streamed and continued where it was interrupted."""
