"""Model + batches -> a run folder that survives every interruption."""
