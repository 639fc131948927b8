"""`python -m experiments LIST | NAME`: runs that differ in a setting or two, and a table of what came of them."""

from pathlib import Path

from command import run
from datatransformer.layout import DataFolder, read_data_folder
from experiments.catalogue import EXPERIMENTS
from experiments.experiment import Experiment
from experiments.limit import check_limit, limited
from experiments.modules import config_of, task_of
from experiments.plan import PlannedRun, chosen_experiment, plan
from experiments.results import ExperimentFolder
from experiments.runner import run_all
from experiments.table import markdown, results_of, write_markdown, write_results
from settings import WorkError
from storage.lock import exclusive_lock


def main(settings) -> None:
    """Checks everything, runs what is not done yet, writes tables and figures. All variants are checked before."""
    if (settings.experiment or "").upper() == "LIST":
        print_list()
        return
    name, experiment = chosen_experiment(settings)
    folder = ExperimentFolder(settings.output / name)
    module = settings.module or experiment.module
    config_of(module)
    data = read_data_folder(settings.data, task_of(module))
    where, images = settings.data, len(data.images("train"))
    if settings.limit:
        check_limit(data, settings.limit)
        where, images = folder.data(settings.limit, settings.seed), min(images, settings.limit)
    planned = plan(experiment, settings, str(where.resolve()), str(folder.runs.resolve()), images)
    with exclusive_lock(folder.path):
        if settings.overwrite:
            folder.remove()
        for one in planned:
            folder.check_same(one.name, one.module, one.settings)
        if settings.limit:
            data = limited(data, settings.limit, settings.seed, where)
        compare(experiment, planned, folder, conditions(settings, data, planned))


def conditions(settings, data: DataFolder, planned: list[PlannedRun]) -> str:
    """What is measured, in words, for the table."""
    epochs = sorted({one.settings["epochs"] for one in planned})
    parts = [
        " and ".join(dict.fromkeys(one.module for one in planned)),
        f"{len(data.images('train'))} training and {len(data.images('val'))} validation images of {settings.data}",
        f"{' or '.join(map(str, epochs))} epochs at most",
        *settings.set,
    ]
    return ", ".join(parts)


def compare(experiment: Experiment, planned: list[PlannedRun], folder: ExperimentFolder, measured_on: str) -> None:
    """Runs, writes and prints. Raises WorkError if a run has failed, after all others are done."""

    def write() -> str:
        text = markdown(experiment, results_of(planned, folder), measured_on)
        write_results(experiment, planned, folder)
        write_markdown(text, folder)
        return text

    failed = run_all(planned, folder, write)
    text = write()
    if len(failed) < len(planned):
        draw(experiment, planned, folder)
        print(f"\n{text}\nTables and figures are in {folder.path}: {_files(folder)}")
    if failed:
        raise WorkError(
            f"{len(failed)} of {len(planned)} runs failed: {', '.join(failed)}. Run again to try those anew."
        )


def draw(experiment: Experiment, planned: list[PlannedRun], folder: ExperimentFolder) -> None:
    from experiments.figures import draw_comparison, draw_curves

    draw_comparison(experiment, results_of(planned, folder), folder.comparison)
    histories: dict[str, list] = {}
    for one in planned:
        rows = folder.run(one.name).history() if folder.measured(one.name) else []
        histories.setdefault(one.variant, []).extend([rows] if rows else [])
    measures = [measure for measure in experiment.measures if not measure.startswith("full_size")]
    draw_curves(measures[0], histories, folder.curves)


def print_list() -> None:
    for name, experiment in EXPERIMENTS.items():
        print(f"{name}: {experiment.title}\n    {experiment.source}, by {experiment.module}")
        print(f"    variants: {', '.join(experiment.variants)}")
    print("Run one by `python -m experiments NAME`, or your own by --module and --vary; --help tells more.")


def _files(folder: ExperimentFolder) -> str:
    files: tuple[Path, ...] = (folder.table, folder.results, folder.comparison, folder.curves)
    return ", ".join(file.name for file in files)


if __name__ == "__main__":
    run("python -m experiments", "ExperimentsConfig", main)
