"""The functions of `import scenelab`: make a data folder, train, open a run."""

from os import PathLike
from pathlib import Path
from pkgutil import resolve_name
from typing import TypeVar

from command import class_in_config
from datatransformer.layout import DataFolder, is_data_folder, read_data_folder
from datatransformer.manifest import task_of
from experiments.modules import config_of, training_modules
from scenelab.run import Run
from setting_flags import command_words
from setting_types import as_text
from settings import SettingError, Settings, bad_setting, read_settings
from training.kinds import kind_of_module
from training.run_folder import RunFolder
from training.runs import find_runs

MODELS = {
    "classification": "classifiers.efficientnet_lite",
    "multilabel": "classifiers.efficientnet_lite",
    "segmentation": "segmentation.unet",
}
"""The model for each task of a data folder: pre-trained on photographs, and fast on a CPU."""

AnySettings = TypeVar("AnySettings", bound=Settings)


def prepare(raw_images: str | PathLike[str] | None = None, **settings: object) -> DataFolder:
    """Makes a data folder, as `python -m datatransformer` does; a complete one is only read.

    Arguments:
        raw_images: the folder with the images.
        settings: fields of `DataTransformerConfig`, such as data="data" or val_fraction=0.1.

    Returns its path, task, classes and images. Raises SettingError for wrong settings, WorkError if it cannot be made.
    """
    from datatransformer.transformer import DataTransformer

    if raw_images is not None:
        settings["raw_images"] = raw_images
    config = class_in_config("DataTransformerConfig")
    transformer = DataTransformer(settings_of(config, "datatransformer", settings))  # type: ignore[arg-type]
    transformer.run()
    return read_data_folder(transformer.data, None)


def train(data: DataFolder | str | PathLike[str], model: str | None = None, **settings: object) -> Run:
    """Trains a model on a data folder, or resumes its training; a finished run is only opened.

    Arguments:
        data: what `prepare` returns, or the path of a data folder.
        model: a training command such as "small" or "segmentation.unet". None: one that suits the task.
        settings: fields of its class in `config.py`, such as epochs=5 or recipe="quick".

    Raises SettingError for wrong settings, WorkError if the training fails.
    """
    path = data.path if isinstance(data, DataFolder) else Path(data)
    module = module_of_model(model, path)
    values = {"verbose": "none"} | settings | {"data": path}
    result = train_module(module, settings_of(config_of(module), module, values))
    return Run(RunFolder(Path(str(result["run"]))))


def load(run: str | PathLike[str], runs: str | PathLike[str] = "runs") -> Run:
    """Opens a run: a folder, a name in `runs`, a packed file, or a checkpoint. Raises SettingError if there is none."""
    return Run(find_runs(Path(runs), [str(run)])[0])


def module_of_model(model: str | None, data: Path) -> str:
    """The training command that a model's name means for this data folder. Raises SettingError if there is none.

    A short name such as `small` may be of several packages: that of the data folder's task is taken.
    """
    task = task_of(data) if is_data_folder(data) else None  # it may not be made yet
    if model is None:
        return MODELS[task or "classification"]
    if "." in model:
        return model
    known = [module for module in training_modules() if module.endswith(f".{model}")]
    suited = [module for module in known if task is None or kind_of_module(module, task).task in (task, None)]
    if not known:
        names = ", ".join(module.partition(".")[2] for module in training_modules())
        raise SettingError(bad_setting("model", model, f"should be one of {names}"))
    if not suited:
        raise SettingError(bad_setting("model", model, f"is not for {task}, which {data} is for"))
    return suited[0]


def train_module(module: str, settings: Settings) -> dict[str, object]:
    """Runs the training command of a module with settings that were read for it. Returns what `--json` prints."""
    recipe = resolve_name(module).RECIPE
    package = module.partition(".")[0]
    if recipe.backbone is None:
        return dict(resolve_name(module).train(settings))
    return dict(resolve_name(f"{package}.recipe").train(recipe, settings))


def settings_of(config: type[AnySettings], command: str, values: dict[str, object]) -> AnySettings:
    """The settings of a command with these values, checked as those of its flags are. Raises SettingError."""
    given = {name: _text(value) for name, value in values.items() if value is not None}
    return read_settings(config, command_words(given), f"python -m {command}")


def _text(value: object) -> str:
    return as_text(tuple(value) if isinstance(value, list) else value)
