"""The command `scenelab`: starts every other command by its name.

Unlike `python -m`, it takes no modules from the working folder.
"""

import runpy
import sys

from command import DONE, WRONG_SETTINGS
from log import commands_are_shown_as
from scenelab.commands import EVERYDAY, closest, module_of, overview

PROGRAM = "scenelab"


def main() -> None:
    """Runs the command that the first word names, with the other words as its settings."""
    name, *words = sys.argv[1:] or ["--help"]
    if name in ("--help", "-h", "help"):
        print(overview())
        sys.exit(DONE)
    module = module_of(name)
    if module is None:
        print(f"error: scenelab has no command {name}{closest(name)}; scenelab --help lists them", file=sys.stderr)
        sys.exit(WRONG_SETTINGS)
    commands_are_shown_as(PROGRAM)
    command = EVERYDAY.get(name)
    sys.argv = [name, *(command.words(words) if command else words)]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
