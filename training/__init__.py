"""Training: sessions, stages, schedules, checkpoints and everything else that all kinds of models share."""
