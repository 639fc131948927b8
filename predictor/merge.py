"""`python -m predictor.merge`: joins the outputs of all shards into one, as a single process writes it.

CSVs, lists of rejected images and codes are joined. Masks and reconstructions are linked into one folder, or copied if
the file system has no links. The shards stay as they are. `python -m predictor` accepts the result as its own output.
"""

import shutil
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import h5py

from command import run
from log import logger
from predictor.codes.latents import BLOCK_ROWS, DATASETS, LatentsFile, latents_path
from predictor.masks.annotations.files import TEXTS, folder_of, put_copy, write_files_of_all
from predictor.output import Output, check_csv
from predictor.shard_outputs import ShardOutput, annotation_kinds, has_latents, image_kinds, read_shard_outputs
from predictor.shards import SHARD_KEYS
from storage.lock import exclusive_lock
from storage.tables import replacing_binary

if TYPE_CHECKING:
    from config import MergeConfig


def merge(settings: "MergeConfig") -> dict[str, object]:
    """Joins the outputs of all shards of `settings.output`. Returns what `--json` prints.

    Raises SettingError and WorkError as `read_shard_outputs` does.
    """
    check_csv(settings.output)
    parts = read_shard_outputs(settings.output)
    note = {name: value for name, value in parts[0].note.items() if name not in SHARD_KEYS}
    output = Output(settings.output, note["columns"], note.get("evaluation_columns", ()))
    with exclusive_lock(settings.output):
        output.start(note, settings.overwrite)
        for kind in image_kinds(note):
            for part in parts:
                _link_images(part.image_folder(kind), output.path.with_name(f"{output.path.stem}.{kind}"))
        for kind in annotation_kinds(note):
            for part in parts:
                _link_annotations(part.image_folder(kind), folder_of(output.path, kind))
        if has_latents(note):
            _join_latents(parts, output)
        _join_tables([part.output.rejected for part in parts if part.output.rejected.exists()], output.rejected)
        if output.evaluation_columns:
            output.evaluation.mkdir(exist_ok=True)
            _join_tables([part.output.ranking for part in parts], output.ranking)
        _join_tables([part.output.path for part in parts], output.path)  # last: its presence means that all is complete
        classes = [column.removeprefix("share ") for column in output.columns if column.startswith("share ")]
        write_files_of_all(output.path, annotation_kinds(note), classes)
    rejected = output.count_rejected()
    images = parts[0].all_names.size - rejected
    logger.info(f"{output.path}: {images} images of {len(parts)} shards; {rejected} more could not be read")
    return {"output": output.path, "shards": len(parts), "images": images, "rejected": rejected}


def _join_tables(tables: Sequence[Path], joined: Path) -> None:
    """Joins CSVs with the same header. Without tables, an earlier joined table is removed."""
    if not tables:
        joined.unlink(missing_ok=True)
        return
    with replacing_binary(joined) as output:
        for number, table in enumerate(tables):
            with table.open("rb") as file:
                header = file.readline()
                output.write(b"" if number else header)
                shutil.copyfileobj(file, output)


def _link_annotations(source: Path, target: Path) -> None:
    """Links all files but those for all images, which are made anew."""
    for file in source.rglob("*"):
        if file.is_file() and not (file.parent == source and file.name in {name for name, _ in TEXTS.values()}):
            put_copy(file, target / file.relative_to(source))


def _link_images(source: Path, target: Path) -> None:
    for file in source.rglob("*.png"):
        put_copy(file, target / file.relative_to(source))


def _join_latents(parts: Sequence[ShardOutput], output: Output) -> None:
    files = [codes for part in parts if (codes := latents_path(part.output.path)).exists()]
    if not files:
        return
    with h5py.File(files[0]) as first:
        latent_size = first[DATASETS[0]].shape[1]
    with LatentsFile(output.path, latent_size, 0) as latents:
        for path in files:
            with h5py.File(path) as file:
                for begin in range(0, len(file["image"]), BLOCK_ROWS):
                    latents.append(*(file[name][begin : begin + BLOCK_ROWS] for name in DATASETS))
        latents.write_hdf5(chain.from_iterable(part.output.names() for part in parts))


if __name__ == "__main__":
    run("python -m predictor.merge", "MergeConfig", merge)
