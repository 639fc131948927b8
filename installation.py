"""Refuses to start where a module of the working folder is in the way of ours, or where packages are missing.

Each package of commands imports this module first: a name such as `config` or `settings` may well be a user's own, and
`python -m` takes modules from the working folder.
"""

import os
import signal
import sys
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent

MODULES = (
    "command", "command_names", "config", "config_defaults", "log", "passed_words", "setting_flags", "setting_help",
    "setting_sources", "setting_types", "settings", "analysis", "backbones", "classifiers", "datatransformer",
    "distributed", "experiments", "generation", "layers", "pipeline", "plots", "predictor", "segmentation", "storage",
    "training",
)  # fmt: skip

PACKAGES = ("numpy", "pydantic_settings", "cv2")
"""Some that every command needs; if one is missing, the environment is not active."""


STOPPED = 130
"""The exit code after Ctrl-C, as in `command`."""

STOP_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Ctrl-C, what a cluster sends, and what a terminal sends when it is closed, which Windows has not."""


def is_command() -> bool:
    """Whether a command is being started: a package of `python -m` is being imported, or the script runs."""
    return sys.argv[:1] == ["-m"] or Path(sys.argv[0] if sys.argv else "").name == "scenelab"


NO_TELEMETRY = {"RAY_USAGE_STATS_ENABLED": "0", "HF_HUB_DISABLE_TELEMETRY": "1", "NNCF_CI": "1"}
"""Environment variables that keep packages from reporting their use over the network, unless the user has set them."""

TELEMETRY_PACKAGE = "openvino_telemetry"
"""The package by which OpenVINO and NNCF report to Google Analytics without being asked. Both do without it."""


def turn_telemetry_off() -> None:
    """Nobody is told what is done here. This has to come before any of the packages is imported."""
    for name, value in NO_TELEMETRY.items():
        os.environ.setdefault(name, value)
    sys.modules.setdefault(TELEMETRY_PACKAGE, None)  # type: ignore[arg-type]  # Python then says that it is missing


def end_on_stop() -> None:
    """Until the command takes over, Ctrl-C and its like end it with a line: nothing has been begun."""

    def end(number: int, frame: object) -> None:
        os.write(2, b"Stopped.\n")
        os._exit(STOPPED)

    for number in STOP_SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, end)


def check() -> None:
    """Ends a command with exit code 2 and one line if it cannot start; raises ImportError in other programs."""
    problem = _problem()
    if problem and IS_COMMAND:
        print(f"error: {problem}", file=sys.stderr)
        sys.exit(2)
    if problem:
        raise ImportError(problem)


def _problem() -> str:
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        return (
            f"this Python, {sys.executable}, lacks {', '.join(missing)}: the environment of SceneLab is not active. "
            f"Run source {HERE}/.venv/bin/activate, after make install in {HERE} if there is no such folder"
        )
    for name in MODULES:
        spec = find_spec(name)
        origin = Path(spec.origin).resolve() if spec and spec.origin else None
        if origin and not origin.is_relative_to(HERE):
            return (
                f"{origin} is in the way of a module of SceneLab with the same name. Run the command as scenelab "
                "NAME instead of python -m NAME, or in another folder"
            )
    return ""


IS_COMMAND = is_command()
"""Whether this process does nothing else. Asked now, because Python changes sys.argv later."""

turn_telemetry_off()
if IS_COMMAND:
    end_on_stop()
check()
