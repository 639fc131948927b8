"""The report and the comparison in a real browser, in a wide and in a narrow window."""

import csv
import shutil

import pytest

from tests.analysis.commands import analyse_here
from tests.browser import opened

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def pages(small_run, tmp_path_factory):
    """A report and a comparison of two runs, one of which has a class with HTML for a name."""
    folder = tmp_path_factory.mktemp("pages")
    runs = [shutil.copytree(small_run, folder / name) for name in ("one", f"a run with {'a_long_name_' * 12}")]
    with (runs[0] / "classes.csv").open(newline="") as file:
        header, first, *others = csv.reader(file)
    first[1] = HOSTILE
    hostile = shutil.copytree(small_run, folder / "hostile")
    with (hostile / "classes.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, first, *others])
    for path in runs:
        analyse_here(path, "--only", "curves,evaluation")
    analyse_here(hostile, "--only", "curves")
    analyse_here("--compare", ",".join(map(str, runs)), "--output", folder / "both")
    return {"report": runs[0] / "report.html", "comparison": folder / "both" / "comparison.html",
            "hostile": hostile / "report.html"}  # fmt: skip


@pytest.mark.parametrize("width", [1200, 400])
@pytest.mark.parametrize("name", ["report", "comparison", "hostile"])
def test_a_page_fits_its_window_and_asks_for_nothing(pages, name, width):
    with opened(pages[name], width) as seen:
        assert seen.requests == [] and seen.troubles == []
        assert seen.run("document.scrollingElement.scrollWidth") <= width, "no scrolling to the side"
        widths = seen.run("[...document.images].map(image => image.naturalWidth)")
        assert widths and all(widths), "every image is shown"
        assert seen.run("[...document.images].every(image => image.src.startsWith('data:'))")


def test_the_report_begins_with_the_result(pages):
    with opened(pages["report"], 1200) as seen:
        assert "validation images" in seen.run("document.querySelector('h1 + p').innerText")
        headings = seen.run("[...document.querySelectorAll('h2')].map(heading => heading.innerText)")
        assert headings[0] == "Evaluation" and headings[-2:] == ["Reproduce", "Settings"]
        captions = seen.run("[...document.querySelectorAll('figcaption')].map(caption => caption.innerText)")
        assert len(set(captions)) == len(captions), "no figure twice"
