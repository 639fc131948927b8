"""The input pipeline in tf.data: list, shuffle, decode, resize, augment, batch, prefetch."""
