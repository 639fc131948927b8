"""`python -m experiments LIST | NAME` trains runs that differ in one or two settings, and compares their results."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from command import run
from datatransformer.layout import DataFolder, read_data_folder
from experiments.catalogue import EXPERIMENTS
from experiments.experiment import Experiment
from experiments.limit import check_limit, write_limited_folder
from experiments.modules import config_of, kind_of_runs
from experiments.plan import PlannedRun, chosen_experiment, plan_runs
from experiments.results import ExperimentFolder
from experiments.runner import run_all
from experiments.table import best_variants, markdown, results_of, statistics_of, write_markdown, write_results
from log import logger
from settings import SettingError, WorkError, errors_if_given
from storage.lock import exclusive_lock
from training.kinds import MULTILABEL

if TYPE_CHECKING:
    from config import ExperimentsConfig
    from training.checkpoint_file import Row

USED_BY_LIST = ("experiment", "json", "debug", "config")


def main(settings: "ExperimentsConfig") -> Mapping[str, object]:
    """Checks all variants, trains those that are not done, writes tables and figures. Returns what `--json` prints."""
    if (settings.experiment or "").upper() == "LIST":
        return list_experiments(settings)
    name, experiment = chosen_experiment(settings)
    folder = ExperimentFolder(settings.output / name)
    module = settings.module or experiment.module
    config_of(module)
    kind = kind_of_runs(module, settings.data)
    if kind == MULTILABEL:
        experiment = replace(experiment, measures=kind.measures)
    data = read_data_folder(settings.data, kind.task)
    used_data, images = settings.data, len(data.images("train"))
    if settings.limit:
        check_limit(data, settings.limit)
        used_data, images = folder.data(settings.limit, settings.seed), min(images, settings.limit)
    planned = plan_runs(experiment, settings, str(used_data.resolve()), str(folder.runs.resolve()), images)
    with exclusive_lock(folder.path):
        folder.check_is_experiment()
        if settings.overwrite:
            folder.move_aside()
        for planned_run in planned:
            folder.check_same_settings(planned_run.name, planned_run.module, planned_run.settings)
        if settings.limit:
            data = write_limited_folder(data, settings.limit, settings.seed, used_data)
        return run_experiment(experiment, planned, folder, conditions(settings, data, planned))


def conditions(settings: "ExperimentsConfig", data: DataFolder, planned: Sequence[PlannedRun]) -> str:
    """The training commands, images, epochs and shared settings, for the table."""
    epochs = sorted({planned_run.settings["epochs"] for planned_run in planned})
    parts = [
        " and ".join(dict.fromkeys(planned_run.module for planned_run in planned)),
        f"{len(data.images('train'))} training and {len(data.images('val'))} validation images of {settings.data}",
        f"at most {' or '.join(map(str, epochs))} epochs",
        *settings.set,
    ]
    return ", ".join(parts)


def run_experiment(
    experiment: Experiment, planned: Sequence[PlannedRun], folder: ExperimentFolder, conditions: str
) -> Mapping[str, object]:
    """Trains, writes tables and figures, and shows the table. Returns what `--json` prints.

    Raises WorkError after all runs if some have failed.
    """

    def write_tables() -> str:
        text = markdown(experiment, results_of(planned, folder), conditions)
        write_results(experiment, planned, folder)
        write_markdown(text, folder)
        return text

    failed = run_all(planned, folder, write_tables)
    text = write_tables()
    if len(failed) < len(planned):
        draw(experiment, planned, folder)
        files = ", ".join(file.name for file in (folder.table, folder.results, folder.comparison, folder.curves))
        logger.info(f"\n{text}\nTables and figures are in {folder.path}: {files}")
    if failed:
        names = ", ".join(failed)
        raise WorkError(f"{len(failed)} of {len(planned)} runs failed: {names}. Run the same command to try again.")
    return _summary(experiment, planned, folder)


def _summary(experiment: Experiment, planned: Sequence[PlannedRun], folder: ExperimentFolder) -> Mapping[str, object]:
    results = results_of(planned, folder)
    scores = {
        variant: {
            measure: asdict(statistics)
            for measure in experiment.measures
            if (statistics := statistics_of(results, variant, measure))
        }
        for variant in results
    }
    return {
        "output": folder.path,
        "table": folder.table,
        "results": folder.results,
        "figures": [folder.comparison, folder.curves],
        "runs": [folder.run(planned_run.name).path for planned_run in planned],
        "best_variants": best_variants(experiment, results),
        "scores": scores,
    }


def draw(experiment: Experiment, planned: Sequence[PlannedRun], folder: ExperimentFolder) -> None:
    """Draws the comparison, and the deciding measure by epoch."""
    from experiments.figures import draw_comparison, draw_curves

    draw_comparison(experiment, results_of(planned, folder), folder.comparison)
    histories: dict[str, list[list[Row]]] = {}
    for planned_run in planned:
        rows = folder.run(planned_run.name).history() if folder.measured(planned_run.name) else []
        histories.setdefault(planned_run.variant, []).extend([rows] if rows else [])
    measures = [measure for measure in experiment.measures if not measure.startswith("full_size")]
    draw_curves(measures[0], histories, folder.curves)


def list_experiments(settings: "ExperimentsConfig") -> Mapping[str, object]:
    """Shows all comparisons. Raises SettingError for settings that have no effect here."""
    other_fields = [name for name in type(settings).model_fields if name not in USED_BY_LIST]
    if errors := errors_if_given(settings, other_fields, "has no effect with LIST; leave it out"):
        raise SettingError(*errors)
    for name, experiment in EXPERIMENTS.items():
        logger.info(f"{name}: {experiment.title}\n    {experiment.source}; {experiment.module}")
        logger.info(f"    variants: {', '.join(experiment.variants)}")
    logger.info("Run one with `python -m experiments NAME`, or your own with --module and --vary; see --help.")
    return {
        "experiments": [
            {
                "name": name,
                "title": experiment.title,
                "source": experiment.source,
                "module": experiment.module,
                "variants": list(experiment.variants),
            }
            for name, experiment in EXPERIMENTS.items()
        ]
    }


if __name__ == "__main__":
    run("python -m experiments", "ExperimentsConfig", main)
