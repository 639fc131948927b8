"""`scenelab train FOLDER`: from a folder of images to a trained network and its report, in one command."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from command import class_in_config, run
from datatransformer.layout import is_data_folder
from experiments.modules import config_of
from log import logger
from passed_words import config_words, flags_of, with_flags, without_flags
from scenelab.api import MODELS, module_of_model, train_module
from setting_flags import command_words
from settings import SettingError, Settings, bad_setting, errors_if_given, read_settings, with_values
from training.kinds import AUTOENCODER
from training.run_folder import RunFolder

if TYPE_CHECKING:
    from config import AnalysisConfig, DataTransformerConfig, TrainFolderConfig, TrainingConfig

EVALUATED = ("curves", "evaluation")
PASSED_ON = ("runs", "name", "recipe")
"""Settings of this command that training has too."""


def train_folder(words: Sequence[str], settings: "TrainFolderConfig") -> Mapping[str, object]:
    """Makes the data folder, trains, and draws the evaluation. Returns what `--json` prints.

    `words`: flags of the data transformer and of the training command. All are checked before any work starts.
    """
    folder = settings.folder
    if folder is None:
        raise SettingError(bad_setting("folder", None, "name the folder with your images: scenelab train photos/"))
    has_data = is_data_folder(folder)
    data = folder if has_data else settings.data or beside(folder)
    of_data, of_training = (flags_of(class_in_config(name)) for name in ("DataTransformerConfig", "ClassifierConfig"))
    data_words = with_flags(words, of_data - of_training, passed_on())
    if has_data:
        _refuse_for_data_folder(settings, data_words)
    read = partial(training_settings, settings, data, without_flags(words, of_data - of_training, passed_on()))
    first = _first_look(settings, data, read)
    if not has_data:
        if first.strategy == "multi-worker":
            problem = "workers would all make the data folder; make it first: scenelab prepare, then train on it"
            raise SettingError(bad_setting("strategy", first.strategy, problem))
        make_data_folder(folder, data, [*config_words(settings), *data_words], first.seed)
    module = module_of_model(settings.model, data)
    result = train_module(module, read(module))
    if "best" in result:  # not for --find-lr, and not for all but the first of several workers
        run_folder = RunFolder(Path(str(result["run"])))
        evaluate(run_folder, config_words(settings))
        _conclude(run_folder)
    return {"data": data, **result}


def beside(folder: Path) -> Path:
    """The data folder beside a folder of images, as the user would write it."""
    name = f"{folder.resolve().name or 'images'}-data"
    return folder.with_name(name) if folder.name not in ("", "..") else folder.resolve().with_name(name)


def passed_on() -> list[type[Settings]]:
    """The classes of the commands that get the other flags."""
    return [class_in_config("DataTransformerConfig"), *(config_of(module) for module in dict.fromkeys(MODELS.values()))]


def make_data_folder(raw_images: Path, data: Path, words: Sequence[str], seed: int = 0) -> Mapping[str, object]:
    """Runs the data transformer on a folder. Returns what `--json` prints.

    `seed` is not taken for a setting of the user, so that it is no error where it has no effect. Raises SettingError.
    """
    from datatransformer.transformer import DataTransformer

    given = [word for word in words if word.partition("=")[0] in ("--raw-images", "--data")]
    if given:
        raise SettingError(f"{given[0]}: the folder of images stands behind the command; leave it out")
    config = cast("type[DataTransformerConfig]", class_in_config("DataTransformerConfig"))
    own = command_words({"raw_images": str(raw_images), "data": str(data)})
    read = read_settings(config, [*own, *words], "python -m datatransformer")
    return DataTransformer(read if read.source_of("seed") else with_values(read, {"seed": seed})).run()


def training_settings(settings: "TrainFolderConfig", data: Path, words: Sequence[str], module: str) -> "TrainingConfig":
    """The settings of the training command. Raises SettingError.

    What this command was not given is of lower rank than a settings file: `recipe` in it holds, not `quick`.
    """
    config = config_of(module)
    has = [name for name in PASSED_ON if name in config.model_fields]
    if unused := errors_if_given(settings, [name for name in PASSED_ON if name not in has], f"{module} has none"):
        raise SettingError(*unused)
    given = {"data": str(data)} | {name: str(getattr(settings, name)) for name in has if settings.source_of(name)}
    read = read_settings(config, [*command_words(given), *config_words(settings), *words], f"python -m {module}")
    defaults = {"name": run_name(cast(Path, settings.folder)), "recipe": settings.recipe}
    return cast("TrainingConfig", with_values(
        read, {name: value for name, value in defaults.items() if name in has and not read.source_of(name)}
    ))  # fmt: skip


def run_name(folder: Path) -> str:
    """A name for the run of a folder; `--run A,B` would take one with a comma for two."""
    return folder.resolve().name.replace(",", "_").lstrip(".") or "images"


def evaluate(run: RunFolder, words: Sequence[str]) -> None:
    """Adds curves, and the scores of each class where there are classes, to the report."""
    from analysis.analyse import analyse

    parts = tuple(part for part in EVALUATED if part in run.kind.parts)
    config = cast("type[AnalysisConfig]", class_in_config("AnalysisConfig"))
    analyse(
        with_values(read_settings(config, list(words), "python -m analysis"), {"run": str(run.path), "only": parts})
    )


def _refuse_for_data_folder(settings: "TrainFolderConfig", words: Sequence[str]) -> None:
    why = f"{settings.folder} is a data folder already, so nothing is made of it; leave it out"
    errors = errors_if_given(settings, ["data"], why) + ([f"{words[0]}: {why}"] if words else [])
    if errors:
        raise SettingError(*errors)


def _first_look(settings: "TrainFolderConfig", data: Path, read: "Callable[[str], TrainingConfig]") -> "TrainingConfig":
    """The settings of a network that may be trained. Raises SettingError if none takes them, before data are made."""
    known = settings.model or is_data_folder(data)
    modules = [module_of_model(settings.model, data)] if known else list(dict.fromkeys(MODELS.values()))
    errors: list[SettingError] = []
    for module in modules:
        try:
            return read(module)
        except SettingError as error:
            errors.append(error)
    raise errors[0]


def _conclude(run: RunFolder) -> None:
    best = run.best_scores()
    logger.info(f"Done: {run.kind.summary.format(**best)}, on images that were not used for training.")
    logger.info(f"Open this page: {run.report}")
    if run.kind != AUTOENCODER:
        logger.info(f"Next: scenelab predict NEW_IMAGES --run {shlex.quote(str(run.path))}")


if __name__ == "__main__":
    run("scenelab train", "TrainFolderConfig", train_folder, others=passed_on)
