"""The house: imports go down the stair, and no module but a command's `main` knows `config`."""

import ast

import pytest

from tests.conftest import ROOT

FLOORS = {
    "settings": 0, "command": 0.5, "layers": 1, "backbones": 2, "datatransformer": 2, "pipeline": 3, "training": 4,
    "predictor": 5, "analysis": 6, "classifiers": 7, "segmentation": 7, "generation": 7, "experiments": 8,
    "benchmarks": 9,
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
