"""The commands that `scenelab` knows: a few for every day, and every module that can be run."""

import textwrap
from typing import NamedTuple

from command_names import is_module, modules
from setting_types import nearest

WIDTH = 100


class Command(NamedTuple):
    """A command for every day.

    Attributes:
        module: what it runs.
        example: what stands behind its name.
        summary: one line for the overview.
        flag: the flag of the word behind its name, if the module does not take it without one.
    """

    module: str
    example: str
    summary: str
    flag: str = ""

    def words(self, given: list[str]) -> list[str]:
        """The words for the module: the first one gets its flag."""
        has_word = bool(given) and not given[0].startswith("-")
        return [self.flag, *given] if self.flag and has_word else given


EVERYDAY = {
    "train": Command("scenelab.train_folder", "photos/", "trains a network on your images"),
    "predict": Command("predictor", "new_photos/ --run photos", "predicts images, and writes a CSV", "--test-images"),
    "evaluate": Command("predictor", "data/ --run photos", "measures a run on a data folder", "--evaluate"),
    "check": Command("scenelab.check_folder", "photos/", "says how a folder of images is read, and what is wrong"),
    "prepare": Command("datatransformer", "photos/ --data data", "makes a data folder", "--raw-images"),
    "runs": Command("scenelab.list_runs", "", "lists the trained networks with their scores"),
    "report": Command("analysis", "photos", "draws the figures and the page of a run again"),
    "pack": Command("scenelab.pack_run", "photos", "makes one file of a run, to give away"),
    "export": Command("predictor.export", "--run photos", "converts a network for other programs"),
    "settings": Command("scenelab.show_settings", "predictor", "shows the values of settings, and their origin"),
}  # fmt: skip


def module_of(name: str) -> str | None:
    """The module that a command runs; None for an unknown name."""
    if name in EVERYDAY:
        return EVERYDAY[name].module
    return name if is_module(name) else None


def closest(name: str) -> str:
    """A question about the known name that is most like this one."""
    return nearest(name, [*EVERYDAY, *modules()])


def overview() -> str:
    """The text of `scenelab --help`."""
    examples = {f"scenelab {name} {command.example}": command.summary for name, command in EVERYDAY.items()}
    width = max(map(len, examples))
    lines = [f"  {example:{width}}  {summary}" for example, summary in examples.items()]
    by_package: dict[str, list[str]] = {}
    for module in modules():
        by_package.setdefault(module.partition(".")[0], []).append(module)
    others = [
        textwrap.fill(" ".join(names), WIDTH, initial_indent="  ", subsequent_indent="    ")
        for names in by_package.values()
    ]
    return "\n".join(
        [
            "SceneLab trains neural networks on your own images.\n",
            *lines,
            "\nAll commands, each as scenelab NAME; scenelab NAME --help lists its settings:",
            *others,
        ]
    )
