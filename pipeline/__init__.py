"""The data folder -> batches, by tf.data alone: list, shuffle, decode, resize, augment, batch, prefetch."""
