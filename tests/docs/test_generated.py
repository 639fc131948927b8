"""The pages agree with the code and with each other."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted(path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts)]
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)\s#]+)[^)]*\)")
README_LINES = 150


def generate(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, ROOT / "docs" / "generate.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


@pytest.mark.parametrize("page", ["settings", "published", pytest.param("models", marks=pytest.mark.slow)])
def test_a_generated_page_is_what_the_code_says(page):
    checked = generate("--check", page)
    assert checked.returncode == 0, checked.stderr


def test_a_page_that_differs_is_named(tmp_path):
    """Uses a copy of docs/ with one page that was changed by hand."""
    (tmp_path / "docs" / "reference").mkdir(parents=True)
    shutil.copy(ROOT / "docs" / "generate.py", tmp_path / "docs")
    shutil.copytree(ROOT / "docs" / "pages", tmp_path / "docs" / "pages")
    (tmp_path / "docs" / "reference" / "settings.md").write_text("changed by hand\n")
    for file in ROOT.glob("*.py"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    command = [sys.executable, tmp_path / "docs" / "generate.py", "--check", "settings"]
    checked = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert checked.returncode == 1
    assert "settings.md" in checked.stderr


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= README_LINES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files(page):
    gone = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert not gone


def test_quoted_messages_are_messages_of_the_program():
    """Texts with a space between backticks, in the first column of the tables of symptoms."""
    lines = (ROOT / "docs" / "howto" / "what_went_wrong.md").read_text(encoding="utf-8").splitlines()
    symptoms = [line.split(" | ")[0] for line in lines if line.startswith("| ")]
    quoted = [text for symptom in symptoms for text in re.findall("`([^`]+)`", symptom) if " " in text]
    assert len(quoted) > 10
    packages = [path for path in ROOT.iterdir() if path.name not in ("tests", "docs") and not path.name.startswith(".")]
    files = [file for path in packages for file in (path.rglob("*.py") if path.is_dir() else [path])]
    code = "".join(file.read_text(encoding="utf-8") for file in files if file.suffix == ".py")
    assert not [text for text in quoted if text not in code]


def test_sphinx_builds_the_pages_without_a_warning(tmp_path):
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "-d", tmp_path / "doctrees"]
    built = subprocess.run([*command, ROOT / "docs", tmp_path / "html"], capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    assert (tmp_path / "html" / "start.html").is_file()
