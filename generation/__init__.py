"""Models that generate images."""

import installation  # noqa: F401  it refuses to start where something is in the way
