"""Saves figures as PNG files."""

import warnings
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.text import Text

from plots.fonts import fonts_for
from storage.tables import replacing_binary


def save_figure(figure: Figure, path: Path) -> None:
    """Writes a PNG, which appears when it is complete. Its texts may have letters of any script: see `plots.fonts`."""
    _choose_fonts(figure)
    with warnings.catch_warnings(), replacing_binary(path) as file:
        warnings.filterwarnings("ignore", "Glyph")  # `plots.fonts` has said once which letters are drawn as boxes
        figure.savefig(file, format="png", dpi=110)


def _choose_fonts(figure: Figure) -> None:
    texts = [text for text in figure.findobj(Text) if isinstance(text, Text) and not text.get_text().isascii()]
    families = [font.family for font in fonts_for(text.get_text() for text in texts)]
    if len(families) > 1:
        for text in texts:
            text.set_fontfamily(families)
