"""The names of segmentation losses. This module needs no TensorFlow, so a wrong name is refused at once."""

LOSSES = ("ce", "dice", "jaccard", "focal")

WEIGHTED_LOSSES = ("ce", "focal")
"""Losses that are computed by pixel, and so take class weights. The others weight each class equally by definition."""


def parse_loss(text: str) -> tuple[str, ...]:
    """`ce+dice` -> `("ce", "dice")`, the terms of the sum.

    Raises ValueError with the known names if a name is unknown or given twice.
    """
    terms = tuple(term.strip() for term in text.split("+"))
    if not set(terms) <= set(LOSSES) or len(set(terms)) < len(terms):
        raise ValueError(f"should be one of {', '.join(LOSSES)}, or a sum of different ones such as ce+dice")
    return terms


def takes_class_weights(loss: str) -> bool:
    """Whether a term of the loss takes class weights."""
    return not set(WEIGHTED_LOSSES).isdisjoint(parse_loss(loss))
