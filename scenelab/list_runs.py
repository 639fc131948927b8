"""`scenelab runs`: the trained networks in a folder, with their scores."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from command import run
from log import logger
from settings import SettingError, WorkError
from storage.text_table import as_text_table
from training.run_folder import RunFolder
from training.runs import runs_in

if TYPE_CHECKING:
    from config import ListRunsConfig

HEADER = ("run", "network", "kind", "classes", "epochs", "score", "value", "data")


def list_runs(settings: "ListRunsConfig") -> Mapping[str, object]:
    """Shows the table. Returns what `--json` prints."""
    rows = [describe(path) for path in runs_in(settings.runs)]
    if not rows:
        logger.info(f"{settings.runs} has no runs; scenelab train FOLDER makes one")
        return {"runs": []}
    logger.info(as_text_table([HEADER, *([_shown(row[name]) for name in HEADER] for row in rows)]))
    return {"runs": rows}


def describe(path: Path) -> dict[str, object]:
    """The row of a run. A damaged run is shown with what is wrong with it."""
    folder = RunFolder(path)
    row: dict[str, object] = dict.fromkeys(HEADER) | {"run": path.name}
    try:
        config, kind = folder.config(), folder.kind
        row |= {"network": config["model"], "kind": kind.name, "data": config["settings"].get("data")}
        row |= {"classes": len(folder.classes()), "epochs": len(folder.history())}
        if row["epochs"]:
            row |= {"score": kind.score_column, "value": folder.best_scores()[kind.score_column]}
    except (SettingError, WorkError, OSError) as error:
        row["network"] = f"damaged: {error}"
    return row


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    run("scenelab runs", "ListRunsConfig", list_runs)
