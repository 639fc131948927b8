"""The house: imports go down the stair, and no module but a command's `main` knows `config`."""

import ast

import pytest

from tests.conftest import ROOT

FLOORS = {
    "settings": 0, "config": 1, "storage": 1, "layers": 1, "command": 2, "backbones": 2, "datatransformer": 3,
    "distributed": 3, "pipeline": 4, "plots": 4, "training": 5, "predictor": 6, "analysis": 7, "classifiers": 8,
    "segmentation": 8, "generation": 8, "experiments": 9, "benchmarks": 10,
}  # fmt: skip
MODULES = sorted(path for room in FLOORS for path in [*(ROOT / room).rglob("*.py"), *ROOT.glob(f"{room}.py")])


def imported(path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            rooms |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module and not node.level, "absolute imports only"
            rooms.add(node.module.split(".")[0])
    return rooms


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down_the_stair(path):
    room = path.relative_to(ROOT).parts[0].removesuffix(".py")
    above = {other for other in imported(path) if other in FLOORS and other != room and FLOORS[other] >= FLOORS[room]}
    assert not above
    assert "config" not in imported(path)


def test_the_data_side_does_without_tensorflow():
    for path in (ROOT / "datatransformer").rglob("*.py"):
        assert not {"tensorflow", "keras"} & imported(path), path
