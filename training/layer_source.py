"""The source code of our own layers that a saved model needs, as a text that runs without this project."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import layers

PREFIX = "scenelab>"
"""Keras saves our layers under this prefix and the name of their class."""


@dataclass(frozen=True)
class _Module:
    """A module of `layers/`: its source, its definitions, and the modules or names that it imports, by their names."""

    source: str
    definitions: Mapping[str, ast.stmt]
    imported: Mapping[str, tuple[str, str]]

    def text(self, name: str) -> str:
        """The source of a definition, with its decorators."""
        node = self.definitions[name]
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
        return "\n".join(self.source.splitlines()[first - 1 : node.end_lineno])


def own_layers(config: object) -> set[str]:
    """The names of our own classes in the configuration of a saved model, without those that only training needs."""
    if isinstance(config, dict):
        name = config.get("registered_name")
        own = {name.removeprefix(PREFIX)} if isinstance(name, str) and name.startswith(PREFIX) else set()
        return own.union(*(own_layers(value) for key, value in config.items() if key != "compile_config"))
    return set().union(*map(own_layers, config)) if isinstance(config, list) else set()


def layer_source(names: set[str]) -> str:
    """The source of these classes of `layers/` and of what they use, in an order that runs; empty if there are none.

    The text needs `from __future__ import annotations`, since the types in it are not defined, and `import keras`.
    """
    modules = _modules()
    parts: dict[tuple[str, str], str] = {}
    imports: set[str] = set()

    def add(module: str, name: str) -> None:
        if (module, name) in parts or name not in modules[module].definitions:
            return
        found = modules[module]
        for used in _used_names(found.definitions[name]):
            package, original = found.imported.get(used, ("", ""))
            if package.startswith("layers."):
                add(package.removeprefix("layers."), original)
            elif package and package != "keras":
                imports.add(f"from {package} import {original}" if original else f"import {package}")
            elif used != name:
                add(module, used)
        parts.setdefault((module, name), found.text(name))

    for name in sorted(names):
        add(next(module for module, content in modules.items() if name in content.definitions), name)
    code = "\n\n\n".join(parts.values())
    return "\n".join(sorted(imports)) + "\n\n\n" + code if imports else code


@cache
def _modules() -> dict[str, _Module]:
    return {
        file.stem: _read(file.read_text(encoding="utf-8")) for file in sorted(Path(layers.__path__[0]).glob("*.py"))
    }


def _read(source: str) -> _Module:
    definitions: dict[str, ast.stmt] = {}
    imported: dict[str, tuple[str, str]] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            definitions[node.name] = node
        elif isinstance(node, ast.Assign):
            definitions.update({target.id: node for target in node.targets if isinstance(target, ast.Name)})
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.update({alias.asname or alias.name: (node.module, alias.name) for alias in node.names})
        elif isinstance(node, ast.Import):
            imported.update({alias.asname or alias.name: (alias.name, "") for alias in node.names})
    return _Module(source, definitions, imported)


def _used_names(node: ast.AST) -> Iterator[str]:
    """The names that run when the code runs: all but those in annotations."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _used_names(child)
    if isinstance(node, ast.Name):
        yield node.id
