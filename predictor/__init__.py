"""Prediction: reads images, predicts them by trained runs, and writes a CSV that an interrupted command resumes."""

import installation  # noqa: F401  it refuses to start where something is in the way
