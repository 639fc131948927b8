"""Chooses the inference engine. A new engine is a new module with the names of `runner.Engine`, and a line here."""

import importlib
from typing import cast

from log import logger
from predictor.engines.conversion import ConversionError
from predictor.engines.runner import Engine, ModelRequest, Runner
from settings import SettingError, WorkError, bad_setting
from training.run_folder import RunFolder

ENGINES = {
    "openvino": "predictor.engines.openvino_engine",
    "tensorflow": "predictor.engines.tensorflow_engine",
}
"""In the order in which `auto` prefers them. The last one can use every model."""


def check_engine(run: RunFolder, engine: str, precision: str) -> None:
    """Raises SettingError if the precision is not available, WorkError if a package is not installed."""
    if engine == "auto" and precision == "f32":
        return
    able = [name for name in ENGINES if precision in _engine(name).PRECISIONS]
    if engine == "auto":
        _engine(able[0]).check(run, precision)
    elif engine in able:
        _engine(engine).check(run, precision)
    else:
        others, own = " and ".join(_engine(name).TITLE for name in able), _engine(engine)
        allowed = f"is for {others}; {own.TITLE} predicts in {' and '.join(own.PRECISIONS)}"
        raise SettingError(bad_setting("precision", precision, allowed))


def make_runner(engine: str, request: ModelRequest) -> Runner:
    """Loads the run's best model into the engine that is named or, with `auto`, the preferred one.

    If an engine cannot use the model, which is logged as a warning, the next one predicts. Raises WorkError if no
    engine can use it in this precision.
    """
    problem = ""
    run, precision = request.run, request.precision
    for name in _candidates(engine, precision):
        if problem:
            avoided = f"--engine {name} avoids this attempt"
            logger.warning(f"{problem} {_engine(name).TITLE} predicts instead; {avoided}.")
        try:
            return _engine(name).make_runner(request)
        except (ConversionError, OSError) as error:
            problem = f"{_engine(name).TITLE} cannot use {run.path} in {precision} ({error})."
    raise WorkError(f"{problem} Use --precision f32.")


def _candidates(engine: str, precision: str) -> list[str]:
    """The engines to try, in their order."""
    able = [name for name in ENGINES if precision in _engine(name).PRECISIONS]
    if engine != "auto":
        return able[able.index(engine) :]
    return [name for name in able if precision != "f32" or _engine(name).is_preferred()]


def _engine(name: str) -> Engine:
    return cast(Engine, importlib.import_module(ENGINES[name]))
