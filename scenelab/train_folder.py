"""`scenelab train FOLDER`: from a folder of images to a trained network and its report, in one command."""

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from command import class_in_config, run
from datatransformer.layout import is_data_folder
from experiments.modules import config_of
from log import logger
from scenelab.api import MODELS, module_of_model, train_module
from scenelab.words import flags_of, parted, with_flags, without_flags
from setting_flags import command_words
from settings import SettingError, Settings, bad_setting, read_settings
from training.kinds import AUTOENCODER
from training.run_folder import RunFolder

if TYPE_CHECKING:
    from config import TrainFolderConfig

PROGRAM = "scenelab train"
EVALUATED = ("curves", "evaluation")


def main(argv: Sequence[str]) -> None:
    """Runs the command."""
    own = class_in_config("TrainFolderConfig")
    words, others = parted(argv, own, _other_classes())
    run(PROGRAM, "TrainFolderConfig", partial(train_folder, others), words)


def train_folder(words: Sequence[str], settings: "TrainFolderConfig") -> Mapping[str, object]:
    """Makes the data folder, trains, and draws the evaluation. Returns what `--json` prints.

    `words`: flags of the data transformer and of the training command. All are checked before any work starts.
    """
    folder = settings.folder
    if folder is None:
        raise SettingError(bad_setting("folder", None, "name the folder with your images: scenelab train photos/"))
    data = folder if is_data_folder(folder) else settings.data or folder.with_name(f"{folder.resolve().name}-data")
    classes = _other_classes()
    of_data, of_training = (flags_of(class_in_config(name)) for name in ("DataTransformerConfig", "ClassifierConfig"))
    data_words = with_flags(words, of_data, classes)
    check = partial(_training_settings, settings, folder, data, without_flags(words, of_data - of_training, classes))
    _check_early(settings, data, check)
    if data == folder:
        if data_words:
            advice = f"{folder} is a data folder already, so nothing is made of it; leave it out"
            raise SettingError(f"{data_words[0]}: {advice}")
    else:
        make_data_folder(folder, data, [*_config_words(settings), *data_words])
    module = module_of_model(settings.model, data)
    result = train_module(module, check(module))
    folder_of_run = RunFolder(Path(str(result["run"])))
    evaluate(folder_of_run, _config_words(settings))
    _conclude(folder_of_run)
    return {"data": data, **result}


def make_data_folder(raw_images: Path, data: Path, words: Sequence[str]) -> Mapping[str, object]:
    """Runs the data transformer on a folder. Returns what `--json` prints."""
    from datatransformer.transformer import DataTransformer

    given = command_words({"raw_images": str(raw_images), "data": str(data)})
    config = class_in_config("DataTransformerConfig")
    return DataTransformer(read_settings(config, [*given, *words], "python -m datatransformer")).run()  # type: ignore[arg-type]


def evaluate(run: RunFolder, words: Sequence[str]) -> None:
    """Adds curves, and the scores of each class where there are classes, to the report."""
    from analysis.analyse import analyse

    parts = [part for part in EVALUATED if part in run.kind.parts]
    given = command_words({"run": str(run.path), "only": ",".join(parts)})
    analyse(read_settings(class_in_config("AnalysisConfig"), [*given, *words], "python -m analysis"))  # type: ignore[arg-type]


def _training_settings(
    settings: "TrainFolderConfig", folder: Path, data: Path, words: Sequence[str], module: str
) -> Settings:
    """The settings of the training command. Raises SettingError."""
    config = config_of(module)
    given = {"data": str(data), "runs": str(settings.runs), "name": settings.name or folder.resolve().name}
    if "recipe" in config.model_fields:
        given["recipe"] = settings.recipe
    return read_settings(config, [*command_words(given), *_config_words(settings), *words], f"python -m {module}")


def _config_words(settings: "TrainFolderConfig") -> list[str]:
    return ["--config", str(settings.config)] if settings.config else []


def _check_early(settings: "TrainFolderConfig", data: Path, check: "partial[Settings]") -> None:
    """Refuses settings that no network takes that may be trained, before the data folder is made."""
    known = settings.model or is_data_folder(data)
    modules = [module_of_model(settings.model, data)] if known else list(dict.fromkeys(MODELS.values()))
    errors: list[SettingError] = []
    for module in modules:
        try:
            check(module)
        except SettingError as error:
            errors.append(error)
    if len(errors) == len(modules):
        raise errors[0]


def _conclude(run: RunFolder) -> None:
    best = run.best_scores()
    logger.info(f"Done: {run.kind.summary.format(**best)}, on images that were not used for training.")
    logger.info(f"Open this page: {run.report}")
    if run.kind != AUTOENCODER:
        logger.info(f"Next: scenelab predict NEW_IMAGES --run {run.path}")


def _other_classes() -> list[type[Settings]]:
    return [class_in_config("DataTransformerConfig"), *(config_of(module) for module in dict.fromkeys(MODELS.values()))]


if __name__ == "__main__":
    main(sys.argv[1:])
