"""Writes what is generated from the code: the pages of settings, models and published results, and config_defaults.py.

    python docs/generate.py           writes them
    python docs/generate.py --check   exits 1 and names each page that differs from the code
    python docs/generate.py --check settings published   checks only these pages

The page of models builds each network to count its parameters, which takes a minute or two.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS.parent), str(DOCS)]
for variable in [name for name in os.environ if name.startswith("SCENELAB_")]:
    del os.environ[variable]

from pages.defaults_module import defaults_module  # noqa: E402
from pages.models_page import models_page  # noqa: E402
from pages.published_page import published_page  # noqa: E402
from pages.settings_page import settings_page  # noqa: E402

PAGES: dict[str, tuple[Path, Callable[[], str]]] = {
    "defaults": (DOCS.parent / "config_defaults.py", defaults_module),
    "settings": (DOCS / "reference" / "settings.md", settings_page),
    "models": (DOCS / "reference" / "models.md", models_page),
    "published": (DOCS / "results" / "published.md", published_page),
}


def different(names: Sequence[str]) -> list[Path]:
    """The pages that differ from the code."""
    return [path for path, make in map(PAGES.get, names) if not path.exists() or path.read_text("utf-8") != make()]


def main() -> int:
    parser = argparse.ArgumentParser(description="Writes the pages that are generated from the code.")
    parser.add_argument("pages", nargs="*", metavar="PAGE", help=f"{', '.join(PAGES)}; all if none is named")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a page differs")
    given = parser.parse_args()
    if unknown := [name for name in given.pages if name not in PAGES]:
        parser.error(f"no page {unknown[0]} found; the pages are {', '.join(PAGES)}")
    names = given.pages or list(PAGES)
    if given.check:
        pages = different(names)
        for path in pages:
            print(f"{path} differs from the code; python docs/generate.py writes it again", file=sys.stderr)
        return 1 if pages else 0
    for path, make in map(PAGES.get, names):
        path.write_text(make(), encoding="utf-8")
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
