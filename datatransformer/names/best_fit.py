"""Of the files whose paths end like a name, those that fit it best."""

import unicodedata
from typing import NamedTuple

from datatransformer.names.file_names import NameParts, name_parts


class Found(NamedTuple):
    """The files that a name can mean, and what they differ in from it, as keys of DIFFERENCES."""

    names: list[str]
    differences: tuple[str, ...] = ()


def best_fit(name: str, parts: NameParts, files: list[tuple[str, str]], depth: int) -> Found:
    """The files that fit best, among those that agree in stem and `depth` folders."""
    key = parts.key(depth)
    candidates = [(file, name_parts(file)) for file, _ in files]
    same_suffix = [entry for entry in candidates if entry[1].suffix == parts.suffix]
    whole = [entry for entry in same_suffix or candidates if entry[1].key(len(entry[1].folders)) == key]
    chosen = whole or same_suffix or candidates
    exact = [entry for entry in chosen if entry[0] == name]
    chosen = exact or [entry for entry in chosen if _end_alike(name, entry[0], depth)] or chosen
    file, file_parts = chosen[0]
    differences = []
    if not whole and depth < len(parts.folders):
        differences.append("other folders")
    elif len(file_parts.folders) != len(parts.folders):
        differences.append("folders")
    if not same_suffix:
        differences.append("suffix")
    elif not _end_alike(name, file, depth):
        differences.append("case")
    return Found([file for file, _ in chosen], tuple(differences))


def _end_alike(name: str, file: str, depth: int) -> bool:
    """Whether two paths agree in the file and its nearest `depth` folders, in upper and lower case too."""
    one, other = (
        [part for part in unicodedata.normalize("NFC", path.replace("\\", "/")).split("/") if part not in ("", ".")]
        for path in (name, file)
    )
    return one[-depth - 1 :] == other[-depth - 1 :]
