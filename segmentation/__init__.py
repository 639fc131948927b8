"""A module a model, each runnable, each saying only what is particular to it; `recipe` is what they share."""
