"""`python -m benchmarks LIST | NAME`: a table of how fast it is against others, and the same as JSON."""

import importlib
import pkgutil
from types import ModuleType

import benchmarks
from benchmarks._figures import draw_growth
from benchmarks._measure import measure
from benchmarks._report import as_json, machine, table
from command import run
from settings import SettingError, bad_setting
from storage.tables import write_json


def main(settings) -> None:
    """Raises SettingError if there is no such benchmark. After each comparison the JSON has it."""
    found = all_benchmarks()
    if settings.benchmark.upper() == "LIST":
        for name, module in found.items():
            print(f"{name}: {(module.__doc__ or '').strip().splitlines()[0]}")
        return
    if settings.benchmark not in found:
        raise SettingError(bad_setting("benchmark", settings.benchmark, f"should be LIST or one of {', '.join(found)}"))
    print(machine())
    settings.output.mkdir(parents=True, exist_ok=True)
    measured, file = [], settings.output / f"{settings.benchmark}.json"
    for comparison in found[settings.benchmark].comparisons(settings):
        print(f"\n{comparison.title}")
        measured.append((comparison, measure(comparison, 1 if comparison.growth else settings.rounds)))
        print(f"\n{table(*measured[-1])}")
        write_json(file, as_json(measured))
        draw_growth(measured, file.with_suffix(".png"))
    print(f"\nAll of it is in {file}")


def all_benchmarks() -> dict[str, ModuleType]:
    names = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__))
    return {name: importlib.import_module(f"benchmarks.{name}") for name in names if not name.startswith("_")}


if __name__ == "__main__":
    run("python -m benchmarks", "BenchmarksConfig", main)
