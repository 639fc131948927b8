"""Saves a figure by rename."""

import warnings
from pathlib import Path

from matplotlib.figure import Figure

from storage.tables import replacing_binary


def save_figure(figure: Figure, path: Path) -> None:
    """By rename, as every file here."""
    with warnings.catch_warnings(), replacing_binary(path) as file:
        warnings.filterwarnings("ignore", "Glyph")  # a name in letters that the font lacks; boxes stand for them
        figure.savefig(file, format="png", dpi=110)
