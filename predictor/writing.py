"""Writes predictions: lists the images, resumes an interrupted output, appends a row per image, and evaluates them."""

import hashlib
import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from tqdm import tqdm

from datatransformer.layout import DataFolder, read_data_folder
from datatransformer.naming import in_words
from datatransformer.pictures.picture_digest import picture_part
from log import logger
from predictor.image_names import names_that_meet
from predictor.images import ImageFile, evaluated_images, find_images
from predictor.output import IMAGES_OF_DATA, Done, Output
from predictor.shards import ListImages, Shard, output_files_pattern
from predictor.task import PredictionTask
from settings import NothingDone, SettingError, bad_setting, errors_if_given
from storage.lock import exclusive_lock
from storage.tables import csv_safe

if TYPE_CHECKING:
    from config import ClassicalConfig, PredictorConfig

    PredictionSettings = PredictorConfig | ClassicalConfig


def read_evaluation_data(settings: "PredictionSettings", task: str | None) -> DataFolder | None:
    """The data folder `settings.evaluate`, with the split to evaluate. None without that setting.

    Raises SettingError if it is not a data folder for `task`, or has no images of that split.
    """
    if not settings.evaluate:
        if errors := errors_if_given(settings, ["split"], "has no effect without evaluate, which names a data folder"):
            raise SettingError(*errors)
        return None
    why = "evaluate already chooses the images; give one of the two"
    if errors := errors_if_given(settings, ["test_images"], why):
        raise SettingError(*errors)
    data = replace(read_data_of_field(settings, "evaluate", task), evaluated=settings.split)
    if not data.images(settings.split):
        why = f"{data.path} has no test images; make it again with --test-fraction or --test-list, or leave split out"
        raise SettingError(bad_setting("split", settings.split, why))
    return data


def read_data_of_field(settings: "PredictionSettings", field: str, task: str | None) -> DataFolder:
    """The data folder that a field names. Raises SettingError, which names that field."""
    try:
        return read_data_folder(getattr(settings, field), task)
    except SettingError as error:
        raise SettingError(*(reason.replace("data =", f"{field} =", 1) for reason in error.errors)) from error


def write_predictions(
    settings: "PredictionSettings",
    task: PredictionTask,
    data: DataFolder | None,
    predicted_by: str,
    prepare: Callable[[], object] = lambda: None,
    shard: Shard | None = None,
) -> dict[str, object]:
    """Predicts the validation images of `data` and evaluates them, or else predicts `settings.test_images`.

    Arguments:
        predicted_by: names the run or the method in messages.
        prepare: is called before the first prediction.
        shard: only its images are predicted; `settings.output` is its own output. A shard is not evaluated.

    Returns what `--json` prints.
    """
    with exclusive_lock(settings.output):
        output = Output(settings.output, task.columns, task.evaluation_columns)
        list_images, note = _images_to_predict(settings, data, shard), _note(settings, task, data)
        if shard:
            list_images, shard_note = shard.select(list_images)
            note |= shard_note
        total = sum(1 for _ in list_images())
        if note.get("mask_files") or "reconstruction" in str(note.get("encoding_files")):
            _warn_of_names_that_meet(output, list_images)
        output.start(note, settings.overwrite)
        takes_new = not (shard or data) and task.takes_new_images
        done = _done(output, list_images, total, settings.overwrite, takes_new)
        missing = sum(1 for _ in done.rest(list_images()))
        if not missing and output.path.exists():
            logger.info(f"{output.path} is complete: {total} images. --overwrite predicts them again.")
        else:
            prepare()
            _append_rows(output, task, done.rest(list_images()), total - missing, total)
            logger.info(f"{output.path}: {output.count_rows()} images predicted by {predicted_by}")
        task.finish()
        result = _summary(output, is_part=shard is not None)
        if shard:
            _explain_merging(shard, has_evaluation=data is not None)
        elif data:
            result |= {"scores": task.evaluate(output, data), "evaluation": output.evaluation}
        return result


def _images_to_predict(settings: "PredictionSettings", data: DataFolder | None, shard: Shard | None) -> ListImages:
    """Lists the same images for all shards: the output files of every shard are left out."""
    if data:
        return partial(evaluated_images, data)
    exclude = output_files_pattern(shard.merged if shard else settings.output)
    return partial(find_images, settings.test_images, exclude)


def _warn_of_names_that_meet(output: Output, list_images: ListImages) -> None:
    if names := names_that_meet(lambda: (image.name for image in list_images())):
        logger.warning(
            f"Names of images differ only in upper and lower case or in forms of Unicode: {in_words(names)}. On a disk "
            f"that takes them for one, their files beside {output.path} replace each other: rename the images"
        )


def _note(settings: "PredictionSettings", task: PredictionTask, data: DataFolder | None) -> dict[str, object]:
    """Everything that the rows depend on."""
    note: dict[str, object] = {
        "test_images": str(settings.evaluate.resolve()) if settings.evaluate else settings.test_images,
        **(_digest_of_images(data) if data else {}),
        "columns": list(task.columns),
        **task.depends_on,
    }
    if settings.max_pixels:
        note["max_pixels"] = settings.max_pixels
    if task.evaluation_columns:
        note["evaluation_columns"] = list(task.evaluation_columns)
    return note


def _digest_of_images(data: DataFolder) -> dict[str, object]:
    """Identifies the validation images in their order. Their labels may be corrected without a new prediction."""
    rows = [row for row in data.rows if row.split == data.evaluated]
    if not all(row.digest for row in rows):
        return {}
    images = "".join(f"{row.image}\t{picture_part(row.digest)}\n" for row in rows)
    return {IMAGES_OF_DATA: hashlib.sha256(images.encode(errors="surrogateescape")).hexdigest()[:16]}


def _done(output: Output, list_images: ListImages, total: int, overwrite: bool, takes_new: bool) -> Done:
    """The images that need no prediction. `overwrite` removes complete outputs, but resumes interrupted ones.

    `takes_new`: images may be added among those that have rows. Otherwise raises SettingError for rows of other images.
    """
    done = output.done(list_images)
    is_changed = done.names is not None
    if overwrite and (is_changed or done.count == total):
        output.clear()
        return Done(0)
    if done.names is not None:
        gone = len(done.names) - sum(csv_safe(image.name) in done.names for image in list_images())
        if not takes_new:
            problem = "has rows of images in another order, or of other images; --overwrite predicts all of them"
            raise SettingError(bad_setting("output", output.path, problem))
        if gone:
            logger.warning(f"{output.path} keeps the rows of {gone} images that are no longer there")
    return done


def _append_rows(output: Output, task: PredictionTask, images: Iterator[ImageFile], done: int, total: int) -> None:
    if done:
        logger.info(f"Resuming after {done} of {total} images")
    progress = partial(tqdm, desc="predicting", total=total, initial=done, unit=" images", disable=None)
    rows = task.rows(images, output.reject, progress)
    with output:
        for names, cells in rows:
            output.add(names, cells)


def _summary(output: Output, is_part: bool) -> dict[str, object]:
    """The counts for `--json`. Warns of unreadable images. Raises NothingDone if no image could be read.

    `is_part`: the other shards may have readable images.
    """
    rejected, images = output.count_rejected(), output.count_rows()
    if rejected and not images and not is_part:
        raise NothingDone(f"None of the {rejected} images could be read. The reasons are in {output.rejected}")
    if rejected:
        total = images + rejected
        logger.warning(f"{rejected} of {total} images could not be read. The reasons are in {output.rejected}")
    return {"output": output.path, "images": images, "rejected": rejected}


def _explain_merging(shard: Shard, has_evaluation: bool) -> None:
    merge = f"python -m predictor.merge --output {shlex.quote(str(shard.merged))}"
    evaluate = ". After that, the command without --shard evaluates them" if has_evaluation else ""
    logger.info(f"This is shard {shard.text}. When all shards are complete, join them: {merge}{evaluate}")
