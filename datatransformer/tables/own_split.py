"""The files that a label table for one split means, where folders of several splits hold files of the same names."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from datatransformer.folders.folder_split import split_of_path
from datatransformer.naming import number_text, split_of_folder, stem_of
from datatransformer.tables.split_column import TEXTS

if TYPE_CHECKING:
    from datatransformer.report import Report


class OwnSplit:
    """Chooses the files in folders of the split that a label table is named for, such as train.csv.

    `all_files`: gives the names of all files in the raw folder.
    """

    def __init__(self, table: Path, root: Path, all_files: Callable[[], Iterable[str]]) -> None:
        parent = "" if table.parent == root else table.parent.name
        self.split = split_of_folder(table.stem) or split_of_folder(parent)
        self.all_files = all_files

    @cached_property
    def names_are_shared(self) -> bool:
        """Whether a folder of another split has files of the same names, so that a name alone does not tell a file."""
        own = {hash(stem_of(name)) for name in self.all_files() if split_of_path(name) == self.split}
        others = (name for name in self.all_files() if split_of_path(name) not in ("", self.split))
        return bool(own) and any(hash(stem_of(name)) in own for name in others)

    def choose(self, image: str, files: Sequence[str]) -> list[str]:
        """The files that the table can mean by a name, of those that have it."""
        own = [file for file in files if split_of_path(file) == self.split]
        if not self.split or len(own) == len(files) or split_of_path(image.replace("\\", "/")):
            return list(files)
        if own or not self.names_are_shared:
            return own or list(files)
        return [file for file in files if not split_of_path(file)]

    def why_not(self, files: Sequence[str]) -> str:
        """The reason that a name means none of these files."""
        return f"there is no such file for {TEXTS[self.split]}; {files[0]} is for {TEXTS[split_of_path(files[0])]}"


class LostLines:
    """Lines of label tables that name images which are there, but do not tell which."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.examples: dict[str, str] = {}

    def add(self, image: str, found: Sequence[str], chosen: Sequence[str]) -> None:
        """`found`: the files of this name; `chosen`: those that the table can mean."""
        if not found:
            return
        kind = "several files can be meant" if chosen else "the only file of that name is for another split"
        self.counts[kind] += 1
        self.examples.setdefault(kind, f"{' and '.join((chosen or found)[:2])} by {image}")

    def warn(self, report: "Report") -> None:
        for kind, count in self.counts.items():
            lines = number_text(count, "line is", "lines are")
            report.warn(
                f"{lines} left out, because {kind}, such as {self.examples[kind]}. "
                "Give more of the paths in the table, or name the folder of its images by --raw-images"
            )
