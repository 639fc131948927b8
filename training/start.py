"""The start of a training: settings are checked against data, backbone and run before TensorFlow is imported."""

import contextlib
import hashlib
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from backbones import Backbone
from datatransformer.layout import DataFolder, read_data_folder
from distributed.cluster import Cluster, find_cluster
from distributed.rendezvous import gather_workers, join_chief
from distributed.watchdog import is_listening
from settings import SettingError, WorkError, bad_setting
from storage.lock import exclusive_lock
from training.kinds import Kind
from training.progress import NOTHING_DONE, check_same_model, read_progress
from training.run_folder import RunFolder
from training.session import Session, sizes_text
from training.stages import plan_stages

if TYPE_CHECKING:
    from config import TrainingConfig

WEIGHT_FILES = (".keras", ".h5", ".npz")


PER_WORKER_SETTINGS = ("data", "runs", "weights", "verbose", "debug", "json")
"""Settings in which workers that train together may differ: machines have folders in different places."""


VISIBLE_WITHIN = 60.0
"""Seconds that a shared disk may take to show to one machine what another has written."""


@contextlib.contextmanager
def lock_run(settings, name: str) -> Iterator[None]:
    """Keeps other commands off the run. Of several workers the chief holds it for all.

    Raises WorkError if another command is at it, SettingError if it cannot be told who the workers are.
    """
    if find_cluster(settings.strategy).is_chief:
        with exclusive_lock(settings.runs / (settings.name or name)):
            yield
    else:
        yield


def open_session(
    kind: Kind, name: str, spec: Backbone | None, settings: "TrainingConfig", check: Callable[[DataFolder], object]
) -> Session:
    """Checks the settings against data, backbone and run; begins the run folder or finds what is there.

    `check` raises SettingError for what a kind
    of model finds wrong with the data, before a run is touched. Of several workers the chief does so, and the others
    then find what it has left there.
    Raises SettingError with what is wrong, WorkError if the run is damaged or not all workers come.
    """
    weights = _weights(spec, settings) if spec else "none"
    data = read_data_folder(settings.data, kind.task)
    check(data)
    stages = plan_stages(settings, spec, len(data.images("train")))
    if settings.runs.exists() and not settings.runs.is_dir():
        raise SettingError(bad_setting("runs", settings.runs, "is no folder"))
    cluster, run = find_cluster(settings.strategy), RunFolder(settings.runs / (settings.name or name))
    if cluster.count > 1 and settings.cache == "features":
        allowed = "what is left to train is little work, and one machine's; leave --strategy out, or use memory or disk"
        raise SettingError(bad_setting("cache", settings.cache, allowed))
    settings = _for_service(settings)
    used = settings.model_dump(mode="json") | {
        "image_size": sizes_text(stages),
        "weights": weights,
        "data": str(settings.data.resolve()),
        "learning_rates": [stage.learning_rate for stage in stages],
    }
    identity = uuid.uuid4().hex if cluster.is_chief else _identity_of_chief(cluster, used, data, run)
    if (
        cluster.is_chief
        and settings.resume == "never"
        and not settings.find_lr
        and (run.history_file.exists() or run.last.exists() or run.best.exists())
    ):
        print(f"The old run is now {run.set_aside()}")
    anew = settings.find_lr and settings.resume == "never"  # a look at the rate leaves the old run where it is
    progress = NOTHING_DONE if anew else read_progress(run, kind, settings.resume)
    if progress.rows:  # before its first epoch is kept a run is bound to nothing
        config = run.config()
        if (config["kind"], config["model"]) != (kind.name, name):
            raise SettingError(bad_setting("name", run.path.name, f"is a run of {config['model']}; use another --name"))
        check_same_model(run, used, data.classes)
    session = Session(kind, settings, spec, weights, data, run, progress, stages, cluster, identity)
    if cluster.is_chief:
        if not (session.is_finished or settings.find_lr):
            run.write_config(kind.name, name, used, data.classes, data.colours)
        message = {"identity": identity, "run": run.state()}
        gather_workers(cluster, _in_common(used, data), message, settings.worker_timeout)
    return session


def _in_common(used: Mapping, data: DataFolder) -> dict:
    """What must be the same for all workers, and is sent to be compared."""
    images = "".join(image.removeprefix(str(data.path)) for split in ("train", "val") for image in data.images(split))
    digest = hashlib.sha256(images.encode(errors="surrogateescape")).hexdigest()[:16]
    return {name: used[name] for name in used if name not in PER_WORKER_SETTINGS} | {"images (digest)": digest}


def _identity_of_chief(cluster: Cluster, used: Mapping, data: DataFolder, run: RunFolder) -> str:
    """Comes once the chief is done with the run's folder. Raises WorkError if that is not the one seen from here."""
    message = join_chief(cluster, _in_common(used, data), used["worker_timeout"])
    end = time.monotonic() + VISIBLE_WITHIN
    while run.state() != message["run"]:
        if time.monotonic() > end:
            raise WorkError(f"{run.path} is not what the chief has there. All workers need the same folder for --runs.")
        time.sleep(0.3)
    return message["identity"]


def _for_service(settings):
    """The settings as a tf.data service allows them. Raises SettingError, WorkError if it does not answer."""
    if not settings.data_service:
        return settings
    in_memory = settings.cache not in ("none", "disk")
    if in_memory and "cache" in settings.model_fields_set:
        allowed = "what this process has in hand its workers cannot see; with --data-service use none or disk"
        raise SettingError(bad_setting("cache", settings.cache, allowed))
    if not is_listening(settings.data_service):
        raise WorkError(
            f"No tf.data service answers at {settings.data_service}. "
            "Start one: python -m training.data_service --role dispatcher"
        )
    return settings.model_copy(update={"cache": "none"}) if in_memory else settings


def _weights(spec: Backbone, settings) -> str:
    weights = settings.weights
    if weights == "auto":
        return "imagenet" if spec.imagenet else "none"
    if weights == "imagenet" and not spec.imagenet:
        raise SettingError(bad_setting("weights", weights, "there are none for this model; use none, or a file"))
    if weights in ("imagenet", "none"):
        return weights
    path = Path(weights).expanduser()
    if not path.is_file() or path.suffix not in WEIGHT_FILES:
        raise SettingError(
            bad_setting("weights", weights, "should be imagenet, none, or a file .keras, .weights.h5, .h5 or .npz")
        )
    return str(path.resolve())
