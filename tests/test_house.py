"""The house: imports run down one stair, no two files import each other, and a start stays free of TensorFlow."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

FLOORS = {
    "installation": 0, "command_names": 0, "config_defaults": 0, "setting_types": 0, "log": 0, "setting_flags": 0.1,
    "setting_help": 0.1, "setting_sources": 0.15, "settings": 0.2, "passed_words": 0.3, "config": 1, "storage": 1,
    "layers": 1, "command": 1.5, "backbones": 2, "datatransformer": 3, "distributed": 3, "pipeline": 4, "plots": 4,
    "training": 5, "predictor": 6, "analysis": 7, "classifiers": 8, "segmentation": 8, "generation": 8,
    "experiments": 9, "demo": 9, "scenelab": 10, "benchmarks": 10,
}  # fmt: skip
FILES = sorted(path for room in FLOORS for path in [*(ROOT / room).rglob("*.py"), *ROOT.glob(f"{room}.py")])


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path): path for path in FILES}


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Every module that a file imports, also within functions, and whether the import is for the type checker alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in for_types) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module and not node.level, f"{path}: absolute imports only"
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                yield submodule if submodule in MODULES else node.module, id(node) in for_types


def room_of(module: str) -> str:
    return module.partition(".")[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_down_the_stair(path):
    room = room_of(module_of(path))
    above = {
        module
        for module, for_types in imports(path)
        if (other := room_of(module)) in FLOORS and other != room and FLOORS[other] >= FLOORS[room]
    }
    assert not above, "a room imports only rooms below it"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_config_is_imported_for_its_types_alone(path):
    """An error in config.py must be reported as a wrong setting, so only `command` imports it, by name and late."""
    assert [module for module, for_types in imports(path) if module == "config" and not for_types] == []


def in_circles(below: dict[str, set[str]]) -> set[str]:
    """The modules that are part of a circle of imports, or that import such a module."""
    left = {name: modules - {name} for name, modules in below.items()}
    while free := [name for name, modules in left.items() if not modules & left.keys()]:
        for name in free:
            del left[name]
    return set(left)


def test_no_two_files_import_each_other():
    assert in_circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == {"a", "b", "c"}
    assert not in_circles({name: {module for module, _ in imports(path)} for name, path in MODULES.items()})


@pytest.mark.parametrize("room", ["datatransformer", "storage", "config", "settings", "setting_types", "log"])
def test_the_data_side_does_without_tensorflow(room):
    for path in FILES:
        if room_of(module_of(path)) == room:
            imported = {room_of(module) for module, for_types in imports(path) if not for_types}
            assert not imported & {"tensorflow", "keras"}, path


def test_every_folder_of_the_house_is_a_room():
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert folders <= FLOORS.keys()
