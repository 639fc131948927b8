"""Image classifiers: one runnable module per network. `recipe` holds what they share."""

import installation  # noqa: F401  it refuses to start where something is in the way
