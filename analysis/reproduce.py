"""The commands that reproduce a run, from the list of sessions in its folder."""

import shlex

from analysis.trained_run import TrainedRun
from setting_flags import command_words

SESSION_SETTINGS = ("data", "runs", "name", "resume", "find_lr", "verbose", "debug", "json", "config")
"""Settings that a repetition replaces, or that do not change the trained model."""

NAME_SUFFIX = "again"
"""Ends the name of the repeated run."""


def commands(trained: TrainedRun) -> list[str]:
    """One command per session, with a new name for the run; none for runs older than the list of sessions."""
    module = f"{trained.kind.package}.{trained.model}"
    replaced = {"data": str(trained.data_path), "name": f"{trained.run.path.name}-{NAME_SUFFIX}"}
    lines = []
    for session in trained.run.sessions():
        given = session.given_values
        kept = {name: value for name, value in given.items() if name not in SESSION_SETTINGS}
        resume = {"resume": given["resume"]} if given.get("resume") == "last" else {}
        lines.append(shlex.join(["python", "-m", module, *command_words(replaced | kept | resume)]))
    return lines


def conditions(trained: TrainedRun) -> str:
    """The conditions under which these commands give the same results."""
    count = len(trained.run.sessions())
    if not count:
        return "The commands of this run were not recorded. The table below lists all its settings."
    sessions = (
        f"This run was trained in {count} sessions: run their commands in this order. An interrupted session cannot be "
        "repeated exactly, unless it was continued with --resume last. "
    )
    return (
        f"{sessions if count > 1 else ''}The repeated run gets a new name, so that this run is kept. Settings without "
        "a flag come from config.py, which must be the same as it was for this run: the table below lists all values. "
        "On one CPU with the same versions, the numbers are identical."
    )
