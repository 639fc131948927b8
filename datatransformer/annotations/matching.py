"""Finds the file of each annotated image in the raw folder."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from datatransformer.annotations.annotated import IGNORE
from datatransformer.folders.folder_split import LEFT_OUT, split_of_path
from datatransformer.folders.raw_files import why_outside
from datatransformer.listing import RawImage, Rejected
from datatransformer.names.matching import FileNames, why_not_found
from datatransformer.temporary_database import TemporaryDatabase

if TYPE_CHECKING:
    from datatransformer.report import Report

TAKE = """
    INSERT INTO image_file VALUES (CAST(?1 AS TEXT), CAST(?2 AS TEXT))
    ON CONFLICT DO UPDATE SET taken_by = excluded.taken_by WHERE taken_by IS NULL
"""
IMAGES = "SELECT names, file, holder, problem, source, split, tags, marked, content FROM annotated ORDER BY number"


class _Match(NamedTuple):
    """An annotated image and its file: the path in the raw folder, or the reason why there is none."""

    name: str
    path: str
    split: str | None
    tags: list[str]
    marked: list[str]
    content: str


class MatchedImages:
    """The annotated images with their files. Iterating one of the two lists ends `stack`, which holds the database."""

    def __init__(
        self,
        table: TemporaryDatabase,
        root: Path,
        splits: dict[str, str | None],
        unlisted: str,
        report: "Report",
        stack: ExitStack,
    ) -> None:
        self.table, self.root, self.splits, self.unlisted = table, root, splits, unlisted
        self.report, self.stack = report, stack

    def with_masks(self) -> Iterator[RawImage | Rejected]:
        for match in self._matches():
            if isinstance(match, Rejected):
                yield match
            else:
                yield RawImage(match.name, match.path, split=match.split, mask=match.content)

    def with_labels(self, classes: dict[str, str], takes_boxes: bool, several: bool) -> Iterator[RawImage | Rejected]:
        """Arguments: the class of each label; whether boxes and shapes count; whether an image may have several."""
        for match in self._matches():
            if isinstance(match, Rejected):
                yield match
                continue
            labels = match.tags + (match.marked if takes_boxes else [])
            labels = [label for label in dict.fromkeys(labels) if label not in ("", IGNORE)]
            unknown = [label for label in labels if label not in classes]
            names = tuple(dict.fromkeys(classes[label] for label in labels if label in classes))
            if unknown and not several:
                yield Rejected(match.path, f"its label {unknown[0]} is not in the file of class names")
            elif several:
                yield RawImage(match.name, match.path, split=match.split, labels=names)
            elif len(names) == 1:
                yield RawImage(match.name, match.path, names[0], match.split)
            elif names:
                yield Rejected(
                    match.path,
                    f"has {len(names)} labels: {', '.join(names)}; --labels several takes images with several",
                )
            else:
                yield Rejected(match.path, "has no label of a class")

    def _matches(self) -> Iterator[_Match | Rejected]:
        with self.stack:
            all_names = self.table("SELECT name FROM image_file ORDER BY name")
            files = FileNames(self.table, (name for (name,) in all_names))
            for names, file, holder, problem, source, split, tags, marked, content in self.table(IMAGES):
                found = self._file(json.loads(names), file, holder, source, split, files)
                place = self.splits.get(split) if split else None
                if isinstance(found, Rejected):
                    yield found
                elif problem:
                    yield Rejected(f"{self.root}/{found}", f"{source} {problem}")
                elif place == LEFT_OUT:
                    yield Rejected(f"{self.root}/{found}", "is for testing")
                elif reason := why_outside(path := f"{self.root}/{found}", self.root):
                    yield Rejected(path, reason)
                else:
                    yield _Match(found, path, place, json.loads(tags), json.loads(marked), content)
            files.describe(self.report, "images")
            for (name,) in self.table("SELECT name FROM image_file WHERE taken_by IS NULL ORDER BY name"):
                yield Rejected(f"{self.root}/{name}", self.unlisted)

    def _file(
        self, names: list[str], file: str, holder: str, source: str, split: str, files: FileNames
    ) -> str | Rejected:
        """The path of an image in the raw folder."""
        file = file or self._found(names, split, files) or holder
        if not file:
            files.find(names[-1])
            reason = _why_other_split(split, files.found.names) or why_not_found(names[-1], files, self.root)
            return Rejected(f"{source} {names[-1]}", reason)
        if not self.table(TAKE, *self.table.text(file, source)).rowcount:
            first = self.table("SELECT taken_by FROM image_file WHERE name = CAST(? AS TEXT)", *self.table.text(file))
            return Rejected(f"{source} {names[0]}", f"is a second entry of {file}, after {first.fetchone()[0]}")
        return file

    def _found(self, names: list[str], split: str, files: FileNames) -> str:
        """The file that the first possible of the spellings means: of exactly that name, or as FileNames finds it.

        Of several, the one in a folder for the split of the annotations; never one in a folder for another split.
        """
        for name in names:
            select = "SELECT name FROM image_file WHERE name = CAST(? AS TEXT)"
            if self.table(select, *self.table.text(name)).fetchone():
                return name
            found = files.find(name)
            if split and found:
                places = {file: split_of_path(file) for file in found}
                alike = [file for file in found if places[file] == split]
                found = alike or [file for file in found if not places[file]]
            if found:
                return found[0] if len(found) == 1 else ""
        return ""


def _why_other_split(split: str, found: list[str]) -> str:
    """The reason that a file is not taken which is in a folder for another split; empty if that is not the reason."""
    others = [file for file in found if split_of_path(file) not in ("", split)]
    if not split or not others or len(others) < len(found):
        return ""
    return f"is for {split}, and the only file of its name is {others[0]}, in a folder for {split_of_path(others[0])}"
