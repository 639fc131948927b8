"""Training: sessions, stages, schedules, checkpoints and everything else that all kinds of models share."""

import installation  # noqa: F401  it refuses to start where something is in the way
