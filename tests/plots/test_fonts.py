"""Names in any script: a font that has the letters, or one warning. The fonts here are made for the tests."""

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib.tables._g_l_y_f import Glyph
from matplotlib.font_manager import fontManager
from matplotlib.text import Text

from analysis.embedding import Embedding, draw_embedding
from plots import fonts
from plots.image_grid import draw_image_grid
from plots.legend import add_legend
from plots.mask_grid import draw_masks
from plots.mosaic import draw_mosaic
from plots.names import shorten, text_width
from plots.palette import palette
from plots.save import save_figure
from plots.scores import draw_confusion_counts, draw_scores
from tests.plots.figures import figures, texts

NAMES = ("猫", "कु", "🦊 cat", "قطة", "собака", "a$b$c", "_hidden", "=cmd", "long name " * 9, "中文" * 30, "new\nline")
LETTERS = {"Test CJK": "猫中文", "Test Devanagari": "कु", "Test Emoji": "🦊"}


def square() -> Glyph:
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for point in ((0, 900), (900, 900), (900, 0)):
        pen.lineTo(point)
    pen.closePath()
    return pen.glyph()


def make_font(path: Path, family: str, letters: str, style: str = "Regular") -> None:
    """A font with a black square for each letter and nothing else."""
    glyphs = [".notdef", *(f"u{ord(letter):x}" for letter in letters)]
    builder = FontBuilder(1000)
    builder.setupGlyphOrder(glyphs)
    builder.setupCharacterMap({ord(letter): name for letter, name in zip(letters, glyphs[1:], strict=True)})
    builder.setupGlyf(dict.fromkeys(glyphs, square()))
    builder.setupHorizontalMetrics(dict.fromkeys(glyphs, (1000, 0)))
    builder.setupHorizontalHeader(ascent=900, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": style})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)


@pytest.fixture
def installed(monkeypatch, tmp_path) -> Iterator[Path]:
    """A folder of fonts; besides those of matplotlib nothing else is installed."""
    monkeypatch.setattr(fonts, "_chosen", {})
    monkeypatch.setattr(fonts, "_warned", set())
    monkeypatch.setattr(fontManager, "ttflist", [e for e in fontManager.ttflist if "DejaVu" in e.name])
    folder = tmp_path / "fonts"
    folder.mkdir()
    monkeypatch.setattr(fonts, "findSystemFonts", lambda: sorted(map(str, folder.iterdir())))
    monkeypatch.setattr(logging.getLogger("scenelab"), "propagate", True)
    fonts.parts_by_font.cache_clear()
    yield folder
    fonts.parts_by_font.cache_clear()


def families(*names: str) -> list[str]:
    return [font.family for font in fonts.fonts_for(names)]


def test_letters_that_dejavu_has_need_no_other_font(installed, caplog):
    assert families("beach", "Straße дорога قطة Ωμέγα", "tab\tzero\u200bwidth\ufe0f") == ["DejaVu Sans"]
    assert not caplog.records


def test_a_font_for_each_letter(installed, caplog):
    for family, letters in LETTERS.items():
        make_font(installed / f"{family}.ttf", family, letters)
    assert families("a 猫") == ["DejaVu Sans", "Test CJK"]
    assert set(families(*NAMES)) == {"DejaVu Sans", *LETTERS}
    assert fonts.parts_by_font("中文") == (("中文", fonts.Font(str(installed / "Test CJK.ttf"), "Test CJK")),)
    parts = [(part, font.family) for part, font in fonts.parts_by_font("a b猫 🦊")]
    assert parts == [("a b", "DejaVu Sans"), ("猫 ", "Test CJK"), ("🦊", "Test Emoji")]
    assert not caplog.records


def test_as_few_fonts_as_possible_and_plain_ones_first(installed):
    make_font(installed / "a.ttf", "A Part", "猫")
    make_font(installed / "b.ttf", "B Complete", "猫中文", "Bold")
    make_font(installed / "c.ttf", "C Complete", "猫中文")
    make_font(installed / "d.ttf", "Noto Color Emoji", "猫中文🦊")
    (installed / "broken.ttf").write_bytes(b"no font")
    assert families("猫中文") == ["DejaVu Sans", "C Complete"]


def test_one_warning_names_letters_and_remedy(installed, caplog):
    for _ in range(3):
        assert families("猫 車", "คน", "🦊") == ["DejaVu Sans"]
    families("犬", "ค")
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    for part in ("คน猫車🦊", "fonts-noto-cjk", "fonts-noto-core", "fonts-symbola", "boxes"):
        assert part in record.getMessage()


@pytest.mark.parametrize("count", [2, len(NAMES), 30])
@pytest.mark.parametrize("has_fonts", [True, False])
def test_every_figure_with_names(count, has_fonts, installed, tmp_path, caplog, recwarn):
    for family, letters in LETTERS.items() if has_fonts else ():
        make_font(installed / f"{family}.ttf", family, letters)
    names = [NAMES[number % len(NAMES)] for number in range(count)]
    drawing, rng = palette([None] * count), np.random.default_rng(0)
    mask = np.resize(np.arange(count, dtype=np.uint8), (20, 30))
    draw_confusion_counts(np.eye(count, dtype=int), names, tmp_path / "c.png")
    draw_scores(names, ("F1", rng.random(count)), rng.random(count), rng.random(count), tmp_path / "s.png")
    draw_masks([(mask,)], ["mask"], [names[0]], names, drawing, tmp_path / "m.png")
    draw_image_grid([np.zeros((9, 9, 3))] * count, names, tmp_path / "g.png")
    draw_embedding({"a": Embedding(rng.random((count, 2)), "PCA")}, range(count), names, tmp_path / "e.png")
    add_legend(np.zeros((200, 300, 3), np.uint8), mask, names, drawing)
    assert not [str(one.message) for one in recwarn.list] and len(caplog.records) == (not has_fonts)
    assert len(list(tmp_path.glob("*.png"))) == 5


def test_texts_get_the_font(installed, tmp_path):
    make_font(installed / "c.ttf", "Test CJK", "猫")
    with figures() as saved:
        draw_scores(["猫", "dog"], ("F1", np.ones(2)), np.ones(2), np.ones(2), tmp_path / "s.png")
    names = [text for text in saved[0].findobj(Text) if text.get_text() == "猫"]
    assert names and all(name.get_fontfamily() == ["DejaVu Sans", "Test CJK"] for name in names)


def test_a_legend_draws_with_the_font(installed):
    image, mask, colours = np.zeros((100, 300, 3), np.uint8), np.zeros((9, 9), np.uint8), palette([None])
    without = add_legend(image, mask, ["猫"], colours)
    fonts.parts_by_font.cache_clear()
    fonts._chosen.clear()
    make_font(installed / "c.ttf", "Test CJK", "猫")
    with_font = add_legend(image, mask, ["猫"], colours)
    blacks = [int((legend[100:, 25:] < 60).all(axis=-1).sum()) for legend in (without, with_font)]
    assert blacks[1] >= 36 > 2 * blacks[0], "a black square, where the box of a letter without a font is hollow"


def test_no_name_is_lost_or_read_as_a_formula(tmp_path):
    names = ["_hidden", "a$b$c", "_x$y$"]
    embedding = {"a": Embedding(np.zeros((3, 2)), "PCA")}
    with figures() as saved:
        draw_embedding(embedding, [0, 1, 2], names, tmp_path / "e.png")
        draw_masks([(np.array([[0, 1, 2]], np.uint8),)], ["m"], [""], names, palette([None] * 3), tmp_path / "m.png")
        draw_mosaic([[np.zeros((9, 9, 3))]] * 3, tmp_path / "o.png", "title", names)
    for figure in saved:
        assert set(names) <= set(texts(figure))
        assert not any(text.get_parse_math() for text in figure.findobj(Text) if text.get_text() in names)
    save_figure(saved[0], tmp_path / "e.png")


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("abc", 3, "abc"), ("abcd", 3, "ab…"), ("猫猫", 4, "猫猫"), ("猫猫猫", 4, "猫…"),
        ("cafe\u0301s", 5, "cafe\u0301s"), ("cafe\u0301 bar", 5, "cafe\u0301…"),
    ],
)  # fmt: skip
def test_names_are_shortened_by_their_width(text, width, shown):
    assert shorten(text, width) == shown and text_width(shown) <= width
