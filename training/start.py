"""The start of a training: settings are checked against data, backbone and run before TensorFlow is imported."""

import contextlib
import hashlib
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from backbones import Backbone
from datatransformer.layout import CLASSES, PIXEL_RANGE, DataFolder, copy_pixel_range, read_data_folder
from distributed.cluster import Cluster, find_cluster
from distributed.rendezvous import gather_workers, join_chief
from distributed.sealed_messages import secret_file
from log import logger
from settings import SettingError, WorkError, bad_setting
from storage.lock import exclusive_lock
from storage.name_cells import why_refused
from training.data_record import check_same_data, describe_data, warn_if_trained_on, write_record
from training.kinds import Kind
from training.progress import NO_PROGRESS, Progress, check_same_model, read_progress
from training.run_folder import RunFolder
from training.session import Session, sizes_as_text
from training.setting_checks import (
    cache_for_data_service,
    check_unused_settings,
    decide_norm_statistics,
    initial_weights,
)
from training.stages import Stage, plan_stages

if TYPE_CHECKING:
    from config import SupervisedConfig, TrainingConfig

CheckData = Callable[[DataFolder], object]
"""Raises SettingError if a model cannot learn from this data folder."""

PER_WORKER_SETTINGS = ("data", "runs", "weights", "verbose", "debug", "json", "config")
"""Settings in which workers may differ: their machines may have folders in different places."""

SHARED_DISK_DELAY = 60.0
"""Seconds until one machine sees what another has written to a shared disk, at most."""


@contextlib.contextmanager
def lock_run(settings: "TrainingConfig", name: str) -> Iterator[None]:
    """Prevents other commands from using the run. Of several workers, the chief holds the lock for all.

    Raises WorkError if another command uses the run, SettingError if the workers cannot be determined.
    """
    if find_cluster(settings.strategy).is_chief:
        with exclusive_lock(settings.runs / (settings.name or name)):
            yield
    else:
        yield


def open_session(
    kind: Kind, name: str, spec: Backbone | None, settings: "TrainingConfig", check_data: CheckData
) -> Session:
    """Checks the settings against data, backbone and run, then creates the run folder or opens the existing one.

    Of several workers only the chief changes the run folder; the others wait until it is ready.
    Raises SettingError for wrong settings, WorkError if the run is damaged or if a worker does not start.
    """
    check_unused_settings(settings)
    weights = initial_weights(spec, cast("SupervisedConfig", settings)) if spec else "none"
    data = read_data_folder(settings.data, kind.task)
    check_data(data)
    _warn_of_known_images(weights, data)
    stages = plan_stages(settings, spec, len(data.images("train")))
    _log_reduced_batches(settings, stages)
    cluster, run = find_cluster(settings.strategy), _run_folder(settings, name)
    settings = cache_for_data_service(settings)
    if spec:
        settings = decide_norm_statistics(cast("SupervisedConfig", settings), weights, run)
    used = _used_settings(settings, stages, weights)

    if cluster.is_chief:
        identity = uuid.uuid4().hex
        _move_old_run(run, settings)
        _check_is_run(run)
    else:
        identity = _identity_of_chief(cluster, used, data, run)
    progress = _progress(kind, name, run, settings, used, data)
    session = Session(kind, settings, spec, weights, data, run, progress, stages, cluster, identity)
    if cluster.is_chief:
        if not settings.find_lr:
            _write_config(session, name, used)
        message = {"identity": identity, "run": run.digest()}
        secret = secret_file(run.path)
        gather_workers(cluster, _common_settings(used, data), message, settings.worker_timeout, secret)
    return session


def _write_config(session: Session, name: str, used: Mapping[str, object]) -> None:
    """Of a finished run only the place of its data may have changed."""
    run, data = session.run, session.data
    entry = describe_data(run, data)
    write_record(run, data, entry)
    copy_pixel_range(data.path, run.path)
    if session.is_finished:
        run.update_data(str(used["data"]), entry)
    else:
        run.write_config(session.kind.name, name, used, data.classes, data.colours, entry)


def _warn_of_known_images(weights: str, data: DataFolder) -> None:
    """Initial weights from a checkpoint of another run may have learnt what is for validation here."""
    run = RunFolder(Path(weights).parent.parent)
    if Path(weights).parent == run.checkpoints and run.exists():
        warn_if_trained_on(run, data, "these weights have learnt them, so the scores of this run will be too high")


def _log_reduced_batches(settings: "TrainingConfig", stages: tuple[Stage, ...]) -> None:
    """A batch cannot have more images than there are for training."""
    largest = max(stage.batch_size for stage in stages)
    if "batch_size" in settings.model_fields_set and largest < max(settings.batch_size):
        logger.info(f"The batch size is {largest}, because there are no more training images")


def _run_folder(settings: "TrainingConfig", name: str) -> RunFolder:
    if reason := why_refused(settings.name or name):
        raise SettingError(bad_setting("name", settings.name, reason.removeprefix("its name ")))
    run = RunFolder(settings.runs / (settings.name or name))
    for field, folder in (("runs", settings.runs), ("name", run.path)):
        if folder.exists() and not folder.is_dir():
            raise SettingError(bad_setting(field, folder, "is not a folder"))
    return run


def _check_is_run(run: RunFolder) -> None:
    """Raises SettingError if a folder with other files is in the place of the run, WorkError if the run is damaged.

    A new run begins with `data.csv.gz`, and `--find-lr` makes no more than figures and a cache.
    """
    if run.exists():
        run.config()
    elif run.path.exists():
        own = {run.figures, run.cache}
        if run.data_record.exists():
            own |= {run.path / name for name in (CLASSES, PIXEL_RANGE)} | set(vars(run).values())
        others = [file.name for file in run.path.iterdir() if not file.name.startswith(".") and file not in own]
        if others:
            problem = f"exists and is no run: it holds {others[0]}. Use another --name, or move it"
            raise SettingError(bad_setting("name", run.path, problem))


def _used_settings(settings: "TrainingConfig", stages: tuple[Stage, ...], weights: str) -> dict[str, object]:
    """The settings for `config.json`, with the values that take the place of empty ones and of `auto`."""
    return settings.model_dump(mode="json") | {
        "image_size": sizes_as_text(stages),
        "weights": weights,
        "data": str(settings.data.resolve()),
        "learning_rates": [stage.learning_rate for stage in stages],
    }


def _move_old_run(run: RunFolder, settings: "TrainingConfig") -> None:
    """For `--resume never`. The learning rate range test leaves the run where it is."""
    has_run = run.history_file.exists() or run.last.exists() or run.best.exists()
    if settings.resume == "never" and not settings.find_lr and has_run:
        logger.info(f"The old run is now {run.move_to_old()}")


def _progress(
    kind: Kind, name: str, run: RunFolder, settings: "TrainingConfig", used: Mapping[str, object], data: DataFolder
) -> Progress:
    """The progress of the run. Raises SettingError if it is a run of another model. A run without epochs is new."""
    if settings.find_lr and settings.resume == "never":
        return NO_PROGRESS
    progress = read_progress(run, kind, settings.resume)
    if progress.rows:
        config = run.config()
        if (config["kind"], config["model"]) != (kind.name, name):
            what = (
                config["model"]
                if config["model"] != name
                else f"kind {config['kind']}, and these data need {kind.name}"
            )
            raise SettingError(bad_setting("name", run.path.name, f"is a run of {what}; use another --name"))
        check_same_data(run, data)
        check_same_model(run, kind, used, data.classes)
    return progress


def _common_settings(used: Mapping[str, object], data: DataFolder) -> dict[str, object]:
    """The settings that must be the same for all workers, and a digest of the images in their order."""
    images = "".join(f"{row.image}\t{row.split}\t{row.class_name}{row.labels}\t{row.digest}\n" for row in data.rows)
    digest = hashlib.sha256(images.encode(errors="surrogateescape")).hexdigest()[:16]
    return {name: used[name] for name in used if name not in PER_WORKER_SETTINGS} | {"images (digest)": digest}


def _identity_of_chief(cluster: Cluster, used: Mapping[str, object], data: DataFolder, run: RunFolder) -> str:
    """Waits until the chief has prepared the run folder. Raises WorkError if this worker sees another folder."""
    seconds = cast("float", used["worker_timeout"])
    message = join_chief(cluster, _common_settings(used, data), seconds, secret_file(run.path))
    end = time.monotonic() + SHARED_DISK_DELAY
    while run.digest() != message["run"]:
        if time.monotonic() > end:
            raise WorkError(f"{run.path} differs from the chief's. All workers need the same folder for --runs.")
        time.sleep(0.3)
    return message["identity"]
