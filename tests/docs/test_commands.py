"""Every ```sh block of README.md and docs/ runs, on synthetic images of 64x64 pixels and with few epochs.

The blocks of a page run in order in one folder. It contains `photos`, `labels.csv`, `new_photos`, `masks` and
`classes.txt`. HTML comments, which readers do not see, control the test:

    <!-- start: data, runs/small -->       anywhere in a page: its folder contains these results too
    <!-- skip: needs several machines -->  directly above a block: the block is not run, for this reason
    <!-- with: onnx, openvino -->          directly above a block: it is run only if these packages are installed

README.md and start.md are quick, all other pages are slow. Pages are read by an expression of our own: Sybil would
collect documents by a conftest.py above them, outside of tests/, and has no mark for a page.
"""

import csv
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted(path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts)]
QUICK = ("README.md", "docs/start.md")

BLOCK = re.compile(r"(?:^<!-- (skip|with): (.+?) -->\n)?^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
START = re.compile(r"<!-- start: (.+?) -->")

PRELUDE = """
python() {
    case "$*" in
        *--find-lr*) SCENELAB_IMAGE_SIZE=32 command python "$@" ;;
        "-m classifiers."* | "-m segmentation."* | "-m generation."*)
            SCENELAB_EPOCHS=1 SCENELAB_IMAGE_SIZE=32 SCENELAB_WEIGHTS=none SCENELAB_VERBOSE=none command python "$@" ;;
        *) command python "$@" ;;
    esac
}
scenelab() {
    case "$*" in
        train*) SCENELAB_EPOCHS=1 SCENELAB_IMAGE_SIZE=32 SCENELAB_VERBOSE=none command scenelab "$@" --model small ;;
        *) command scenelab "$@" ;;
    esac
}
"""
"""Makes trainings short, without downloads, unless a block has other flags. Other commands do not get these variables,
because a setting without effect is refused."""

MOST_EPOCHS = 3
"""A block with more epochs than this runs with this number."""

RESULTS = {
    "data": "datatransformer --raw-images photos --raw-labels labels.csv --data data",
    "data_masks": "datatransformer --raw-images photos --raw-masks masks --class-names classes.txt --data data_masks",
    "runs/small": "classifiers.small --data data",
}
"""The results that a page may start with, and the commands that make them."""


class Block(NamedTuple):
    line: int
    text: str
    skip: str
    packages: tuple[str, ...]


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            text.count("\n", 0, found.start(3)),
            re.sub(r"--epochs (\d+)", lambda epochs: f"--epochs {min(int(epochs[1]), MOST_EPOCHS)}", found[3]),
            found[2] if found[1] == "skip" else "",
            tuple(found[2].split(", ")) if found[1] == "with" else (),
        )
        for found in BLOCK.finditer(text)
    ]


def shell(text: str, folder: Path) -> subprocess.CompletedProcess:
    """Runs commands like a reader, with the `python` of these tests."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)}
    command = ["bash", "-euo", "pipefail", "-c", PRELUDE + text]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=900)


def python(command: str, folder: Path) -> None:
    ran = shell(f"python -m {command}", folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.fixture(scope="session")
def workshop(tmp_path_factory) -> Path:
    """A folder with raw data: 40 synthetic images of five scenes with labels and masks, and ten new images."""
    folder = tmp_path_factory.mktemp("docs")
    for name, images, seed in (("photos", 40, 0), ("new_photos", 10, 1)):
        drawn = f"--source scenes --task segmentation --pictures {images} --picture-size 64 --seed {seed}"
        python(f"datatransformer {drawn} --data {name}_drawn", folder)
        for kind, target in (("images", name), ("masks", "masks")):
            if target != "masks" or name == "photos":
                (folder / target).mkdir()
                for file in (folder / f"{name}_drawn").glob(f"*/{kind}/*"):
                    shutil.copy(file, folder / target)
    with (folder / "photos_drawn" / "classes.csv").open(newline="") as file:
        names = [row["name"] for row in csv.DictReader(file)]
    (folder / "classes.txt").write_text("".join(f"{name}\n" for name in names))
    images = sorted(path.name for path in (folder / "photos").iterdir())
    rows = (f"{name},{name.rpartition('_')[0]}\n" for name in images)
    (folder / "labels.csv").write_text("image,label\n" + "".join(rows))
    activate = folder / ".venv" / "bin" / "activate"
    activate.parent.mkdir(parents=True)
    activate.write_text("# the environment of the tests is active\n")
    return folder


@pytest.fixture
def page_folder(workshop, tmp_path):
    """Makes the folder of a page: the raw data and the results that it starts with."""

    def make(page: Path) -> Path:
        for name in ("photos", "new_photos", "masks", ".venv"):
            shutil.copytree(workshop / name, tmp_path / name)
        for name in ("labels.csv", "classes.txt"):
            shutil.copy(workshop / name, tmp_path / name)
        wanted = {name for found in START.findall(page.read_text(encoding="utf-8")) for name in found.split(", ")}
        assert wanted <= RESULTS.keys(), f"{page} starts with {wanted - RESULTS.keys()}, which is not known here"
        for name in [name for name in RESULTS if name in wanted or (name == "data" and "runs/small" in wanted)]:
            if not (workshop / name).exists():
                python(RESULTS[name], workshop)
            if name in wanted:
                shutil.copytree(workshop / name, tmp_path / name)
        return tmp_path

    return make


def marked(page: Path):
    name = page.relative_to(ROOT).as_posix()
    return pytest.param(page, id=name, marks=[] if name in QUICK else [pytest.mark.slow])


@pytest.mark.parametrize("page", [marked(page) for page in PAGES if blocks_of(page)])
def test_blocks_run(page, page_folder, subtests):
    folder = None
    for block in blocks_of(page):
        with subtests.test(f"{page.name}, line {block.line}"):
            if block.skip:
                pytest.skip(block.skip)
            if missing := [name for name in block.packages if not find_spec(name)]:
                pytest.skip(f"{', '.join(missing)} is not installed")
            folder = folder or page_folder(page)
            ran = shell(block.text, folder)
            assert ran.returncode == 0, f"{block.text}\n{ran.stdout}\n{ran.stderr}"


def test_no_block_is_hidden_from_these_tests():
    """A block of commands is marked `sh`, is not indented, and has its comment directly above it."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r"^ *```(?:bash|shell|console)\b|^ +```sh", text, re.MULTILINE), page
        comments = len(re.findall(r"^<!-- (?:skip|with):", text, re.MULTILINE))
        assert comments == sum(bool(block.skip or block.packages) for block in blocks_of(page)), page
