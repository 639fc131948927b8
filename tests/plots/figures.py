"""Looks into figures before they are saved."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text


@contextmanager
def figures() -> Iterator[list[Figure]]:
    """Collects the figures that are saved while it is open. They are not written."""
    saved: list[Figure] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", lambda figure, *_, **options: saved.append(figure))
        yield saved


def texts(figure: Figure) -> list[str]:
    """All visible texts."""
    figure.draw_without_rendering()
    return [text.get_text() for text in _visible(figure)]


def overlapping(figure: Figure) -> list[tuple[str, str]]:
    """Pairs of texts that overlap, and texts that reach out of the figure, paired with nothing."""
    figure.draw_without_rendering()
    boxes = [(text.get_text(), text.get_window_extent()) for text in _visible(figure)]
    pairs = [
        (name, other)
        for number, (name, box) in enumerate(boxes)
        for other, other_box in boxes[:number]
        if box.padded(-1).overlaps(other_box.padded(-1))
    ]
    outside = [
        (name, "") for name, box in boxes
        if min(box.x0, box.y0) < -1 or box.x1 > figure.bbox.x1 + 1 or box.y1 > figure.bbox.y1 + 1
    ]  # fmt: skip
    return pairs + outside


def _visible(figure: Figure) -> list[Text]:
    found = [*figure.texts, *(text for legend in figure.legends for text in legend.get_texts())]
    for axes in figure.axes:
        legend = axes.get_legend()
        found += [axes.title, *axes.texts, *(legend.get_texts() if legend else [])]
        for axis in (axes.xaxis, axes.yaxis) if axes.axison else ():
            first, last = sorted(axis.get_view_interval())
            shown = [tick for tick in axis.get_major_ticks() if first <= tick.get_loc() <= last]
            found += [axis.label, *(tick.label1 for tick in shown)]
    return [text for text in found if text.get_visible() and text.get_text()]
