"""The commands that a run was trained by, as its folder has noted them."""

import shlex

from analysis.subject import Subject
from settings import command_words

OF_THE_SESSION = ("data", "runs", "name", "resume", "find_lr", "verbose", "debug", "json")
"""Settings that are said anew, or change nothing in what is learnt."""

ANEW = "again"
"""Behind the name of a run that is trained a second time."""


def commands(subject: Subject) -> list[str]:
    """One a session, under another name; none if the run is older than the list of its sessions."""
    module = f"{subject.kind.room}.{subject.model}"
    again = {"data": subject.settings["data"], "name": f"{subject.run.path.name}-{ANEW}"}
    found = []
    for session in subject.run.sessions():
        given = dict(word.split("=", 1) for word in shlex.split(session["given"]))
        kept = {name: value for name, value in given.items() if name not in OF_THE_SESSION}
        resume = {"resume": given["resume"]} if given.get("resume") == "last" else {}
        found.append(shlex.join(["python", "-m", module, *command_words(again | kept | resume)]))
    return found


def conditions(subject: Subject) -> str:
    """Under which these commands come to the same."""
    count = len(subject.run.sessions())
    if not count:
        return "How this run was started is not known; all of its settings are in the table below."
    several = (
        f"It was trained in {count} sessions, a command each, one after the other. A session that was interrupted "
        "cannot be repeated exactly, unless it was continued by --resume last. "
    )
    return (
        f"{several if count > 1 else ''}The run gets another name, as this one is there already. What no flag says "
        "comes from config.py, so that has to be as it was: the table of settings below has every value. On one CPU, "
        "with the same versions, the numbers are the same."
    )
