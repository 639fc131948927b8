"""Prediction: reads images, predicts them by trained runs, and writes a CSV that an interrupted command resumes."""
