"""The names of all modules that can be run. Their files are read, not imported."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent
PACKAGES = (
    "datatransformer", "classifiers", "segmentation", "generation", "predictor", "analysis", "experiments", "backbones",
    "training", "benchmarks",
)  # fmt: skip
RUNNABLE = re.compile(r'^if __name__ == "__main__":\n    (run|main)\(', re.M)

OWN_NAMES = ("train", "check", "runs", "settings", "pack")
"""Commands of `scenelab` that are no such modules."""


@cache
def modules() -> tuple[str, ...]:
    """The modules by the names that `python -m` takes."""
    return tuple(_modules())


def is_module(name: str) -> bool:
    """Whether a module of this name can be run. Reads its file alone."""
    place = ROOT.joinpath(*name.split("."))
    files = [file for file in (place.with_suffix(".py"), place / "__main__.py") if file.is_file()]
    return name.partition(".")[0] in PACKAGES and any(map(_is_runnable, files))


def groups() -> set[str]:
    """The packages that hold several commands."""
    packages = Counter(module.partition(".")[0] for module in modules())
    return {package for package, commands in packages.items() if commands > 1}


def _modules() -> Iterator[str]:
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            if _is_runnable(file):
                parts = file.relative_to(ROOT).with_suffix("").parts
                yield ".".join(parts[:-1] if parts[-1] == "__main__" else parts)


def _is_runnable(file: Path) -> bool:
    return RUNNABLE.search(file.read_text(encoding="utf-8")) is not None
