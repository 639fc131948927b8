"""Makes a data folder, in one layout on disk, from raw images of many kinds. TensorFlow is not used here."""
