"""`python -m benchmarks LIST | NAME` compares speed and memory with other programs: a table, and the same as JSON."""

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

import benchmarks
from benchmarks._measure import Comparison, Result, measure
from benchmarks._report import as_json, machine, table
from command import run
from log import logger
from settings import SettingError, bad_setting, errors_if_given
from storage.tables import write_json

if TYPE_CHECKING:
    from config import BenchmarksConfig

USED_BY_LIST = ("benchmark", "json", "debug", "config")


def main(settings: "BenchmarksConfig") -> Mapping[str, object]:
    """Runs a benchmark. The JSON file is written after each comparison. Returns what `--json` prints.

    Raises SettingError if there is no such benchmark.
    """
    from benchmarks._figures import draw_growth

    modules = all_benchmarks()
    if settings.benchmark.upper() == "LIST":
        return list_benchmarks(settings, modules)
    if settings.benchmark not in modules:
        allowed = f"should be LIST or one of {', '.join(modules)}"
        raise SettingError(bad_setting("benchmark", settings.benchmark, allowed))
    comparisons = modules[settings.benchmark].comparisons(settings)
    logger.info(machine())
    file = settings.output / f"{settings.benchmark}.json"
    measured: list[tuple[Comparison, Sequence[Result]]] = []
    for comparison in comparisons:
        logger.info(f"\n{comparison.title}")
        results = measure(comparison, 1 if comparison.growth else settings.rounds)
        measured.append((comparison, results))
        logger.info(f"\n{table(comparison, results)}")
        settings.output.mkdir(parents=True, exist_ok=True)
        write_json(file, as_json(measured))
        draw_growth(measured, file.with_suffix(".png"))
    logger.info(f"\nResults: {file}")
    return {"output": file} | as_json(measured)


def list_benchmarks(settings: "BenchmarksConfig", modules: Mapping[str, ModuleType]) -> Mapping[str, object]:
    """Shows all benchmarks. Raises SettingError for settings that have no effect here."""
    other_fields = [name for name in type(settings).model_fields if name not in USED_BY_LIST]
    if errors := errors_if_given(settings, other_fields, "has no effect with LIST; leave it out"):
        raise SettingError(*errors)
    summaries = {name: (module.__doc__ or "").strip().splitlines()[0] for name, module in modules.items()}
    for name, summary in summaries.items():
        logger.info(f"{name}: {summary}")
    return {"benchmarks": summaries}


def all_benchmarks() -> dict[str, ModuleType]:
    names = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__))
    return {name: importlib.import_module(f"benchmarks.{name}") for name in names if not name.startswith("_")}


if __name__ == "__main__":
    run("python -m benchmarks", "BenchmarksConfig", main)
