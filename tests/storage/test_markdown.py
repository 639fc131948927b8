"""Names and other text of users stay text in the Markdown files that we write."""

from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
from markdown_it import MarkdownIt

from datatransformer.report import Report
from experiments.experiment import Experiment, Variant
from experiments.table import markdown
from scenelab.pack_run import card_text
from setting_types import Size
from storage.markdown import markdown_text
from storage.tables import printable

NAMES = [
    "a|b", "# x", "#x", "<b>", "<b>bold</b>", "`code`", "``", "[x](javascript:alert(1))", "![x](http://a.b/c.png)",
    "*x*", "**x**", "_x_", "__x__", "snake_case_name", "~~x~~", "~~~", "```", "- x", "+ x", "-", "---", "===", "=",
    "> x", "<!-- x",
    "1. x", "1) x", "1.5 %", "-1", "&lt;b&gt;", "&#60;", "\\", "a\\", "\\*x\\*", "<http://a.b>", "<script>x</script>",
    "[x]: http://a.b", "[x][y]", "two\nlines", "\x1b[2J", "caf\udce9", "| --- |", "a || b", "\\|", "!",
    "x<img src=a onerror=b>",
]  # fmt: skip


class Rendered(HTMLParser):
    """The tags of a page, and the texts inside the innermost ones."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.texts = [""]
        self.feed(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text))

    def handle_starttag(self, tag: str, attributes: object) -> None:
        self.tags.add(tag)
        self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.texts.append("")

    def handle_data(self, data: str) -> None:
        self.texts[-1] += data


@pytest.mark.parametrize("name", NAMES)
def test_text_stays_text(name):
    text = markdown_text(name)
    page = Rendered(f"# {text}\n\n{text}\n\n- {text}\n\n| a |\n| --- |\n| {text} |\n")
    assert page.tags == {"h1", "p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td"}
    assert page.texts.count(printable(name)) == 4


def test_the_files_that_we_write():
    report = Report(warnings=[*NAMES], readings=[*NAMES])
    report.add_table("[x](y) <b>", ("class", "<b>"), [(name, 1) for name in NAMES], show=False)
    page = Rendered(report._markdown())
    assert page.tags == {"h1", "h2", "ul", "li", "table", "thead", "tbody", "tr", "th", "td"}
    assert all(page.texts.count(printable(name)) == 3 for name in NAMES if name != "<b>")

    experiment = Experiment("<b>", "classifiers.small", {name: Variant({}) for name in NAMES}, ("val_accuracy",))
    page = Rendered(markdown(experiment, {name: [] for name in NAMES}, "<i>_x_</i>"))
    assert page.tags == {"h1", "p", "table", "thead", "tbody", "tr", "th", "td"}
    assert {*map(printable, NAMES)} <= {*page.texts}

    config = {"model": "<b>", "versions": {"[x](y)": "`1`"}}
    kind = SimpleNamespace(name="classifier", summary="accuracy")
    run = SimpleNamespace(
        path=SimpleNamespace(resolve=lambda: SimpleNamespace(name="<b>_x_")), kind=kind, config=lambda: config,
        best_row=lambda: {"epoch": "1"}, image_size=lambda: Size(8, 8), classes=lambda: NAMES,
    )  # fmt: skip
    page = Rendered(card_text(run))
    assert page.tags == {"h1", "p"} and "<b>_x_" in page.texts
    assert f"Classes ({len(NAMES)}): {', '.join(map(printable, NAMES))}." in page.texts
