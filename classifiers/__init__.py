"""Image classifiers: one runnable module per network. `recipe` holds what they share."""
