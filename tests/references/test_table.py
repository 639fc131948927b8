"""The page of references names every network, and every test that it names exists."""

import importlib
import pkgutil
import re

import pytest

import classifiers
import segmentation
from backbones import backbones
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "reference" / "networks.md"


def recipes() -> list[str]:
    """The modules of `classifiers` and `segmentation` that are commands."""
    names = [f"{room.__name__}.{module.name}" for room in (classifiers, segmentation)
             for module in pkgutil.iter_modules(room.__path__)]  # fmt: skip
    return [name.rpartition(".")[2] for name in names if hasattr(importlib.import_module(name), "RECIPE")]


@pytest.mark.parametrize("name", sorted({*backbones(), *recipes()}))
def test_the_page_names_every_network(name):
    assert f"`{name}`" in PAGE.read_text(encoding="utf-8")


def test_every_test_on_the_page_exists():
    files = set(re.findall(r"`(tests/[\w/]+\.py)`", PAGE.read_text(encoding="utf-8")))
    assert files and all((ROOT / file).is_file() for file in files), files
