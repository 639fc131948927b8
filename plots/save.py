"""Saves figures as PNG files."""

import warnings
from pathlib import Path

from matplotlib.figure import Figure

from storage.tables import replacing_binary


def save_figure(figure: Figure, path: Path) -> None:
    """Writes a PNG, which appears when it is complete."""
    with warnings.catch_warnings(), replacing_binary(path) as file:
        warnings.filterwarnings("ignore", "Glyph")  # the font lacks letters of some names; it draws boxes instead
        figure.savefig(file, format="png", dpi=110)
