"""Runs by their names."""

from collections.abc import Sequence
from pathlib import Path

from settings import SettingError, bad_setting
from training.packed_run import open_packed
from training.run_folder import RunFolder


def find_runs(runs: Path, names: Sequence[str]) -> list[RunFolder]:
    """The runs of these names, each a path, the name of a folder in `runs`, or a packed run.

    Without names: the only run in `runs`.

    Raises SettingError if a run does not exist, or if none is named and `runs` does not hold exactly one.
    """
    if names:
        return [_find_run(runs, name) for name in names]
    paths = runs_in(runs)
    if len(paths) != 1:
        raise SettingError(bad_setting("run", "", f"name the run; {_list_runs(runs)}"))
    return [RunFolder(paths[0])]


def _find_run(runs: Path, name: str) -> RunFolder:
    file = Path(name).expanduser()
    if file.is_file():
        return open_packed(file)
    candidates = [path for path in (runs / name, file) if RunFolder(path).exists()]
    if not candidates:
        raise SettingError(bad_setting("run", name, f"no such run; {_list_runs(runs)}"))
    return RunFolder(candidates[0])


def runs_in(runs: Path) -> list[Path]:
    """The folders of the runs in `runs`, by name."""
    if not runs.is_dir():
        return []
    return sorted(path for path in runs.iterdir() if not path.name.startswith(".") and RunFolder(path).exists())


def _list_runs(runs: Path) -> str:
    names = [path.name for path in runs_in(runs)]
    return f"the runs in {runs} are {', '.join(names)}" if names else f"{runs} has no runs; train one first"
