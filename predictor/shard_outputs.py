"""The outputs of all shards, checked before they are merged: every missing image or file is reported."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import h5py
from pydantic import AfterValidator, Field

from layers.safe_files import check_model_file
from predictor.codes.encode import RECONSTRUCTIONS
from predictor.codes.latents import DATASETS, latents_path
from predictor.image_names import image_path
from predictor.masks.annotations import files as annotation_files
from predictor.masks.files import FOLDERS
from predictor.output import Output, names_in_table
from predictor.shards import NameDigest, Shard, digest_names, find_shards, sum_digests
from settings import SettingError, WorkError, bad_setting
from storage.archives import ARCHIVE_ERRORS
from storage.records import Record, read_object

Note = dict[str, Any]
"""The JSON file of an output: what its rows depend on."""


Names = Annotated[list[Any], AfterValidator(lambda value: list(_name_digest(value)))]


class ShardNote(Record):
    """The entries of a note that are more than compared. `own` and `pictures` are each a `NameDigest`."""

    shard: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=2, max_length=2)]
    pictures: Names
    own: Names
    columns: list[str]
    evaluation_columns: list[str] = Field(default=[])
    mask_files: list[str] = Field(default=[])
    encoding_files: list[str] = Field(default=[])


def _name_digest(value: list[Any]) -> NameDigest:
    if len(value) != 2 or type(value[0]) is not int or not re.fullmatch("[0-9a-f]+", str(value[1])):
        raise ValueError("should be a number of names and their digest")
    return NameDigest(*value)


class ShardOutput(NamedTuple):
    """A shard with its files and its note."""

    shard: Shard
    output: Output
    note: Note

    @property
    def own_names(self) -> NameDigest:
        return NameDigest(*self.note["own"])

    @property
    def all_names(self) -> NameDigest:
        return NameDigest(*self.note["pictures"])

    def image_folder(self, kind: str) -> Path:
        """The folder of a kind of image files beside the CSV."""
        return self.output.path.with_name(f"{self.output.path.stem}.{kind}")


def read_shard_outputs(merged: Path) -> list[ShardOutput]:
    """The outputs of all shards of `merged`, in order.

    Raises SettingError if there are none; WorkError, with a line for each problem, if they are not complete or do not
    belong together.
    """
    shards = _all_shards(merged)
    errors: list[str] = []
    outputs = [output for shard in shards if (output := _read(shard, errors))]
    for output in outputs[1:]:
        errors += _differences(output, outputs[0])
    if not errors and sum_digests([output.own_names for output in outputs]) != outputs[0].all_names:
        errors.append("some images are in several shards: the machines did not list them in the same order")
    if errors:
        raise WorkError("\n  ".join([f"The shards of {merged} cannot be merged:", *errors]))
    return outputs


def image_kinds(note: Note) -> list[str]:
    """The kinds of image files that belong to an output: suffixes of their folders."""
    kinds = [FOLDERS[kind] for kind in note.get("mask_files", ()) if kind in FOLDERS]
    return [*kinds, RECONSTRUCTIONS] if "reconstruction" in note.get("encoding_files", ()) else kinds


def annotation_kinds(note: Note) -> list[str]:
    """The formats of annotation files that belong to an output."""
    return [kind for kind in note.get("mask_files", ()) if kind in annotation_files.FOLDERS]


def has_latents(note: Note) -> bool:
    return "latents" in note.get("encoding_files", ())


def _all_shards(merged: Path) -> list[Shard]:
    found = find_shards(merged)
    if not found:
        example = Shard(1, 2, merged).output.name
        raise SettingError(bad_setting("output", merged, f"no shards such as {example} found beside it"))
    if len({shard.total for shard in found}) > 1:
        names = ", ".join(shard.output.name for shard in found)
        problem = f"the shards beside it have different totals, {names}; remove those that do not belong to it"
        raise SettingError(bad_setting("output", merged, problem))
    return found[0].all()


def _read(shard: Shard, errors: list[str]) -> ShardOutput | None:
    """The output of a shard; None if there is none. Problems are added to `errors`."""
    output = Output(shard.output, ())
    if not output.path.exists():
        errors.append(f"{output.path} does not exist; {_command(shard)} makes it")
        return None
    if not output.note.exists():
        errors.append(f"{output.note}, a hidden file beside {output.path.name}, does not exist")
        return None
    try:
        advice = f"It is a hidden file; {_command(shard)} --overwrite makes it again."
        note: Note = read_object(output.note, advice)
        ShardNote.checked(output.note, note, advice)
    except WorkError as error:
        errors.append(str(error))
        return None
    shard_output = ShardOutput(shard, Output(shard.output, note["columns"], note.get("evaluation_columns", ())), note)
    if note["shard"] != [shard.number, shard.total]:
        errors.append(f"{output.path} was made as shard {note['shard'][0]} of {note['shard'][1]} and renamed")
        return shard_output
    try:
        errors += _missing(shard_output)
    except WorkError as error:
        errors.append(str(error))
    return shard_output


def _command(shard: Shard) -> str:
    return f"the predictor's command with --shard {shard.text}"


def _missing(shard_output: ShardOutput) -> Iterator[str]:
    """Describes missing rows and missing files."""
    output, own = shard_output.output, shard_output.own_names
    rows, rejected = digest_names(output.names()), digest_names(output.rejected_names())
    present = sum_digests([rows, rejected])
    if output.is_torn() or present.size < own.size:
        progress = f"{present.size} of {own.size} images"
        yield f"{output.path} has {progress}; {_command(shard_output.shard)} resumes it"
        return
    if present != own:
        yield f"{output.path} has {present.size} images that differ from the {own.size} images it was made for"
        return
    yield from _missing_image_files(shard_output, rows.size)
    if output.evaluation_columns and digest_names(names_in_table(output.ranking)) != rows:
        yield f"{output.ranking} does not have the rows of {output.path}; {_command(shard_output.shard)} --overwrite"
    if rows.size and has_latents(shard_output.note):
        codes = latents_path(output.path)
        count = _count_codes(codes)
        if count != rows.size:
            yield f"{codes} has {count} of {rows.size} codes"


def _missing_image_files(shard_output: ShardOutput, rows: int) -> Iterator[str]:
    output = shard_output.output
    for kind in annotation_kinds(shard_output.note):
        annotated = sum(1 for _ in annotation_files.own_files(output.path, kind))
        if annotated < rows:
            yield f"{annotation_files.folder_of(output.path, kind)} has annotations of {annotated} of {rows} images"
    for kind in image_kinds(shard_output.note):
        folder = shard_output.image_folder(kind)
        present = sum(1 for _ in folder.rglob("*.png"))
        if present < rows:  # in shards of earlier versions a.jpg and a.jpg.png share a file
            expected = len({image_path(output.path, kind, name) for name in output.names()})
            if present < expected:
                yield f"{folder} has {present} of {expected} images"


def _count_codes(path: Path) -> int:
    """The number of codes in an HDF5 file; 0 if it cannot be read."""
    try:
        check_model_file(path)  # it leads to no other file
        with h5py.File(path) as file:
            sizes = {len(file[name]) for name in ("image", *DATASETS)}
            return sizes.pop() if len(sizes) == 1 else 0
    except ARCHIVE_ERRORS:
        return 0


def _differences(shard_output: ShardOutput, first: ShardOutput) -> Iterator[str]:
    """Describes different settings. The path of the images may differ: each machine may mount them elsewhere."""
    path, note, first_note = shard_output.output.path, shard_output.note, first.note
    different = {
        name
        for name in {*note, *first_note} - {"shard", "own", "test_images"}
        if note.get(name) != first_note.get(name)
    }
    if "pictures" in different:
        counts = f"{shard_output.all_names.size} images, but {first.output.path} of {first.all_names.size}"
        yield f"{path} is a shard of {counts}: images were added or removed in between"
    if others := sorted(different - {"pictures"}):
        yield f"{path} was made with different {', '.join(others)} than {first.output.path}"
