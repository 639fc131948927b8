"""The words of a command line that are passed on to other commands."""

from collections.abc import Iterable, Iterator

from pydantic import BaseModel

from setting_flags import flag, switches_of
from settings import Settings

HELP = ("--help", "-h")


def parted(
    words: Iterable[str], own: type[BaseModel], others: Iterable[type[BaseModel]]
) -> tuple[list[str], list[str]]:
    """The words that are for the class `own`: its flags, and all without a flag. And the rest.

    `others`: the classes that the rest is for. Their switches are known, so no word behind one is taken for its value.
    """
    mine: list[str] = []
    rest: list[str] = []
    flags = {*flags_of(own), *HELP}
    for group in _groups(words, [own, *others]):
        (mine if not group[0].startswith("-") or _name(group) in flags else rest).extend(group)
    return mine, rest


def with_flags(words: Iterable[str], flags: set[str], configs: Iterable[type[BaseModel]]) -> list[str]:
    """Those of the words that give one of these flags."""
    return [word for group in _groups(words, configs) if _name(group) in flags for word in group]


def without_flags(words: Iterable[str], flags: set[str], configs: Iterable[type[BaseModel]]) -> list[str]:
    """The words without those that give one of these flags."""
    return [word for group in _groups(words, configs) if _name(group) not in flags for word in group]


def config_words(settings: Settings) -> list[str]:
    """The words that give another command the same settings file."""
    return ["--config", str(settings.config)] if settings.config else []


def flags_of(config: type[BaseModel]) -> set[str]:
    """The flags of a class; a switch has two."""
    return {flag(name) for name in config.model_fields} | switches_of(config)


def _name(group: list[str]) -> str:
    return group[0].partition("=")[0]


def _groups(words: Iterable[str], configs: Iterable[type[BaseModel]]) -> Iterator[list[str]]:
    """Each flag with its value, and each word without a flag."""
    switches = set(HELP).union(*map(switches_of, configs))
    waiting: list[str] = []
    for word in words:
        if waiting and not word.startswith("--"):
            yield [*waiting, word]
            waiting = []
            continue
        if waiting:
            yield waiting
        waiting = [word] if word.startswith("--") and "=" not in word and word not in switches else []
        if not waiting:
            yield [word]
    if waiting:
        yield waiting
