"""The names of the losses of a segmentation, known without TensorFlow, so that a wrong one is refused at once."""

LOSSES = ("ce", "dice", "jaccard", "focal")


def parse_loss(text: str) -> tuple[str, ...]:
    """`ce+dice` -> `("ce", "dice")`, the terms that are added up.

    Raises ValueError, with the names that there are, for any other name and for one that comes twice.
    """
    terms = tuple(term.strip() for term in text.split("+"))
    if not set(terms) <= set(LOSSES) or len(set(terms)) < len(terms):
        raise ValueError(f"{text!r} is no loss: it is one of {', '.join(LOSSES)}, or several joined by +, as ce+dice")
    return terms
