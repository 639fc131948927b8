"""`python -m predictor.merge`: the outputs of all shards become one, as a single process writes it.

CSVs, lists of rejects and codes are joined; masks and reconstructions are linked into one folder, or copied where there
are no links. The shards stay as they are. `python -m predictor` takes the whole for its own.
"""

import csv
import os
import shutil
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import h5py

from command import run
from predictor.codes.encode import RECONSTRUCTIONS
from predictor.codes.latents import PARTS, ROWS_AT_A_TIME, Latents, latents_path
from predictor.masks.files import FOLDERS
from predictor.output import Output, check_output, picture_path
from predictor.shards import NOTED, NameDigest, Shard, names_of, shards_of, sum_of
from settings import SettingError, WorkError, bad_setting
from storage.lock import exclusive_lock
from storage.tables import read_json, replacing_binary


class Part(NamedTuple):
    """A shard, its files, and what was noted when it was made."""

    shard: Shard
    output: Output
    note: dict

    @property
    def own(self) -> NameDigest:
        return NameDigest(*self.note["own"])

    @property
    def all(self) -> NameDigest:
        return NameDigest(*self.note["pictures"])

    def beside(self, kind: str) -> Path:
        """The folder of its pictures of a kind."""
        return self.output.path.with_name(f"{self.output.path.stem}.{kind}")


def merge(settings) -> None:
    """Raises SettingError if there are no parts; WorkError, with a line for each fault, if they do not make a whole."""
    check_output(settings)
    parts = _parts(settings.output)
    note = {name: value for name, value in parts[0].note.items() if name not in NOTED}
    output = Output(settings.output, note["columns"])
    with exclusive_lock(settings.output):
        output.begin(note, settings.overwrite)
        for kind in _kinds(note):
            for part in parts:
                _link_all(part.beside(kind), output.path.with_name(f"{output.path.stem}.{kind}"))
        if "latents" in note.get("encoding_files", ()):
            _join_latents(parts, output)
        _join([part.output.rejected for part in parts if part.output.rejected.exists()], output.rejected)
        _join([part.output.path for part in parts], output.path)  # at last: once it is there all is
    count, rejected = parts[0].all.count, output.count_rejected()
    print(f"{output.path}: {count - rejected} pictures of {len(parts)} shards; {rejected} more could not be read")


def _parts(whole: Path) -> list[Part]:
    """Of all shards, in their order. Raises as `merge` does."""
    found = shards_of(whole)
    if not found:
        example = Shard(1, 2, whole).output.name
        raise SettingError(bad_setting("output", whole, f"no shard of it, such as {example}, lies beside it"))
    if len({shard.of for shard in found}) > 1:
        names = ", ".join(shard.output.name for shard in found)
        raise SettingError(
            bad_setting("output", whole, f"shards of different numbers lie beside it, {names}; remove some")
        )
    shards = found[0].all()
    errors: list[str] = []
    parts = [part for shard in shards if (part := _part(shard, errors))]
    for part in parts[1:]:
        errors += _differences(part, parts[0])
    if not errors and sum_of([part.own for part in parts]) != parts[0].all:
        errors.append("they have pictures in common, so the machines did not list them in the same order")
    if errors:
        raise WorkError("\n  ".join([f"The shards of {whole} do not make a whole:", *errors]))
    return parts


def _part(shard: Shard, errors: list[str]) -> Part | None:
    """What there is of a shard. What it lacks is added to `errors`."""
    output = Output(shard.output, ())
    if not output.path.exists():
        errors.append(f"{output.path} is not there; {_again(shard)} makes it")
        return None
    note = read_json(output.made_with)
    if note is None or not {*NOTED, "columns"} <= note.keys():
        errors.append(f"{output.made_with}, which lies hidden beside {output.path.name}, is not there or damaged")
        return None
    part = Part(shard, output, note)
    if note["shard"] != [shard.number, shard.of]:
        errors.append(f"{output.path} was made as shard {note['shard'][0]} of {note['shard'][1]} and renamed")
        return part
    try:
        errors += _lacking(part)
    except (UnicodeDecodeError, csv.Error) as error:
        errors.append(f"{output.path} is damaged: {error}")
    return part


def _again(shard: Shard) -> str:
    return f"the predictor's command with --shard {shard.number}/{shard.of}"


def _lacking(part: Part) -> Iterator[str]:
    """Pictures, or files of them."""
    output = part.output
    rows, rejects = names_of(output.names()), names_of(output.rejected_names())
    present = sum_of([rows, rejects])
    if output.is_torn() or present.count < part.own.count:
        there = f"{present.count - output.is_torn()} of {part.own.count} pictures"
        yield f"{output.path} has {there}; {_again(part.shard)} goes on with it"
        return
    if present != part.own:
        yield f"{output.path} has other pictures, {present.count}, than it was made with, {part.own.count}"
        return
    for kind in _kinds(part.note):
        there = sum(1 for _ in part.beside(kind).rglob("*.png"))
        if there < rows.count:  # a.jpg and a.jpg.png share a file
            wanted = len({picture_path(output.path, kind, name) for name in output.names()})
            if there < wanted:
                yield f"{part.beside(kind)} has {there} of {wanted} pictures"
    if rows.count and "latents" in part.note.get("encoding_files", ()):
        codes = latents_path(output.path)
        there = _codes_in(codes)
        if there != rows.count:
            yield f"{codes} has {there} of {rows.count} codes"


def _codes_in(path: Path) -> int:
    """Of pictures; 0 if it cannot be read."""
    try:
        with h5py.File(path) as file:
            return len(file["image"])
    except (OSError, KeyError):
        return 0


def _differences(part: Part, first: Part) -> Iterator[str]:
    """Where a folder of pictures is mounted may differ, what lies in it may not."""
    other = {
        name
        for name in {*part.note, *first.note} - {"shard", "own", "test_images"}
        if part.note.get(name) != first.note.get(name)
    }
    if "pictures" in other:
        numbers = f"{part.all.count} pictures, those of {first.output.path} of {first.all.count}"
        yield f"{part.output.path} is a shard of {numbers}: pictures came or went in between"
    if other := sorted(other - {"pictures"}):
        yield f"{part.output.path} was made with other {', '.join(other)} than {first.output.path}"


def _kinds(note: dict) -> list[str]:
    """Folders of pictures beside the CSV."""
    kinds = [FOLDERS[kind] for kind in note.get("mask_files", ())]
    return [*kinds, *[RECONSTRUCTIONS] * ("reconstruction" in note.get("encoding_files", ()))]


def _join(tables: Sequence[Path], whole: Path) -> None:
    """Of one header, which stands in one line. Without tables there is no whole."""
    if not tables:
        whole.unlink(missing_ok=True)
        return
    with replacing_binary(whole) as joined:
        for number, table in enumerate(tables):
            with table.open("rb") as file:
                header = file.readline()
                joined.write(b"" if number else header)
                shutil.copyfileobj(file, joined)


def _link_all(source: Path, target: Path) -> None:
    for file in source.rglob("*.png"):
        link = target / file.relative_to(source)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        try:
            os.link(file, link)
        except OSError:
            shutil.copy(file, link)


def _join_latents(parts: Sequence[Part], output: Output) -> None:
    files = [codes for part in parts if (codes := latents_path(part.output.path)).exists()]
    if not files:
        return
    with h5py.File(files[0]) as first:
        size = first[PARTS[0]].shape[1]
    with Latents(output.path, size, 0) as latents:
        for path in files:
            with h5py.File(path) as file:
                for begin in range(0, len(file["image"]), ROWS_AT_A_TIME):
                    latents.append(*(file[name][begin : begin + ROWS_AT_A_TIME] for name in PARTS))
        latents.gather(chain.from_iterable(part.output.names() for part in parts))


if __name__ == "__main__":
    run("python -m predictor.merge", "MergeConfig", merge)
