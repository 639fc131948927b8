"""Makes a data folder, in one layout on disk, from raw images of many kinds. TensorFlow is not used here."""

import installation  # noqa: F401  it refuses to start where something is in the way
