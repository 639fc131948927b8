"""`--engine ray`: workers of Ray compute the rows, on the machines of a cluster or on this one.

The images are a Ray dataset with a row for each image. It passes through a pool of worker processes, each with its own
model, and comes back in order as rows of the CSV. The workers write the masks. So all machines need the same disk with
images, run and output under the same paths, and SceneLab has to be installed on each.
"""

import json
import logging
import os
import signal
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from command import import_tensorflow, standard_error_hidden
from datatransformer.layout import DataFolder
from datatransformer.pictures.pixel_limit import allow_pixels
from log import logger
from predictor.engines.conversion import check_installed
from predictor.images import ImageFile
from predictor.output import Output
from predictor.reading import ProgressBar
from predictor.task import PredictedRows, PredictionTask, Reject, Scores
from settings import WorkError

PACKAGE = '"ray[data]"'

BATCHES_PER_BLOCK = 4
"""Batches that a worker gets at a time. It reads the next one while it computes another."""

MAX_DATASET_IMAGES = 100_000
"""Images in a dataset. More images become several datasets, so that memory stays constant."""

OBJECT_STORE_BYTES = 128 * 2**20
"""Shared memory of the processes on this machine. They only exchange paths and rows."""

CONNECT_TIMEOUT = 10
"""Seconds."""

QUIET_RAY = {"RAY_BACKEND_LOG_LEVEL": "fatal", "RAY_DEDUP_LOGS_SKIP_REGEX": "."}
"""Environment variables that keep Ray's messages, and those of its workers, in its log files in /tmp/ray."""


class WorkerPool(NamedTuple):
    """The number of workers, and the cores and GPUs of each."""

    workers: int
    cores: int
    gpus: int


class PredictedImage(NamedTuple):
    """The name of an image and the cells of its row; or, if it is unreadable, the reason."""

    name: str
    cells: list[str]
    reason: str


class RayTask(PredictionTask):
    """Implements `PredictionTask`: another task whose rows Ray computes. Raises WorkError if Ray is not installed.

    Arguments:
        cores: of each worker; None: all cores of a machine.
    """

    def __init__(self, task: PredictionTask, batch_size: int, cores: int | None, max_pixels: int | None = None):
        for module in ("ray", "pyarrow"):
            check_installed({module: PACKAGE}, "--engine ray")
        self.task, self.batch_size, self.cores, self.max_pixels = task, batch_size, cores, max_pixels
        self.columns, self.evaluation_columns = task.columns, task.evaluation_columns
        self.depends_on, self.classes = task.depends_on, task.classes
        self.takes_new_images = task.takes_new_images

    def rows(self, images: Iterable[ImageFile], reject: Reject, progress: ProgressBar) -> PredictedRows:
        with ray_cluster() as machines:
            pool = worker_pool(machines, self.cores)
            gpu = ", and a GPU" if pool.gpus else ""
            logger.info(f"Ray workers: {pool.workers}; cores of each: {pool.cores}{gpu}")
            for image in progress(self._predict(iter(images), pool)):
                if image.reason:
                    reject(image.name, image.reason)
                else:
                    yield [image.name], [image.cells]

    def finish(self) -> None:
        self.task.finish()

    def evaluate(self, output: Output, data: DataFolder) -> Scores:
        return self.task.evaluate(output, data)

    def _predict(self, images: Iterator[ImageFile], pool: WorkerPool) -> Iterator[PredictedImage]:
        import ray

        while dataset_images := list(islice(images, MAX_DATASET_IMAGES)):
            batches = -(-len(dataset_images) // self.batch_size)
            blocks = max(-(-batches // BATCHES_PER_BLOCK), min(batches, pool.workers))
            rows = [
                {"path": os.fsencode(image.path), "name": os.fsencode(image.name), "refused": image.refused}
                for image in dataset_images
            ]
            predicted = ray.data.from_items(rows, override_num_blocks=blocks).map_batches(
                RayWorker,
                fn_constructor_args=(self.task, str(Path.cwd()), self.max_pixels),
                batch_size=None,
                concurrency=min(pool.workers, blocks),
                num_cpus=pool.cores,
                num_gpus=pool.gpus or None,
            )
            for row in predicted.iter_rows():
                yield PredictedImage(os.fsdecode(row["name"]), json.loads(row["cells"]), row["reason"])


class RayWorker:
    """A Ray process with a loaded model. `folder` is the working folder of the command."""

    def __init__(self, task: PredictionTask, folder: str, max_pixels: int | None):
        import_tensorflow()
        allow_pixels(max_pixels)
        self.task, self.folder = task, folder

    def __call__(self, block: Mapping[str, np.ndarray]) -> dict[str, object]:
        os.chdir(self.folder)  # relative paths have the same meaning as in the command
        images = [
            ImageFile(Path(os.fsdecode(path)), os.fsdecode(name), refused)
            for path, name, refused in zip(block["path"], block["name"], block["refused"], strict=True)
        ]
        cells: dict[str, list[str]] = {}
        reasons: dict[str, str] = {}
        for names, rows in self.task.rows(images, reasons.__setitem__, iter):
            cells |= {name: list(map(str, row)) for name, row in zip(names, rows, strict=True)}
        return {
            "name": block["name"],
            "cells": [json.dumps(cells.get(image.name)) for image in images],
            "reason": [reasons.get(image.name, "") for image in images],
        }


def worker_pool(machines: Sequence[Mapping[str, float]], cores: int | None) -> WorkerPool:
    """Divides machines with this many `CPU` and `GPU` into workers: one per GPU if there are any, else one per `cores`.

    Without `cores` a worker gets all cores of a machine, or its GPU's share of them; if machines differ, those of the
    smallest one. Raises WorkError if no machine has enough cores.
    """
    with_gpu = [machine for machine in machines if machine.get("GPU", 0) >= 1]
    used = with_gpu or [machine for machine in machines if machine.get("CPU", 0) >= 1]
    gpus = [int(machine.get("GPU", 0)) for machine in used]
    cpus = [int(machine.get("CPU", 0)) for machine in used]
    cores = cores or max(1, min((cpu // max(gpu, 1) for cpu, gpu in zip(cpus, gpus, strict=True)), default=1))
    workers = sum(min(cpu // cores, gpu or cpu) for cpu, gpu in zip(cpus, gpus, strict=True))
    if not workers:
        raise WorkError(
            f"No machine of the Ray cluster has {cores} cores for a worker; give fewer, such as --workers 1"
        )
    return WorkerPool(workers, cores, int(bool(with_gpu)))


@contextmanager
def ray_cluster() -> Iterator[list[dict[str, float]]]:
    """Connects to the cluster of RAY_ADDRESS or of this machine; without one, starts Ray here and stops it at the end.

    Yields the resources of each machine. Raises WorkError for any failure of Ray.
    """
    os.environ |= {name: value for name, value in QUIET_RAY.items() if name not in os.environ}
    if not has_cluster():
        # Ray's processes listen on all interfaces and run what they are sent: they answer only those who know the token
        # in ~/.ray. Ray reads this when it is imported
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    with standard_error_hidden():
        import ray.data
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = context.print_on_execution_start = False
    context.raise_original_map_exception = True
    on_sigterm = signal.getsignal(signal.SIGTERM)
    try:
        _connect()
        signal.signal(signal.SIGTERM, on_sigterm)  # Ray installs its own handler
        yield [node["Resources"] for node in ray.nodes() if node["Alive"]]
    except ray.exceptions.RayError as error:
        cause = getattr(error, "cause", None) or error
        reason = next(iter(str(cause).strip().splitlines()), type(cause).__name__)  # a traceback follows
        raise WorkError(reason if isinstance(cause, WorkError) else f"A Ray worker failed: {reason}") from error
    finally:
        ray.shutdown()


def _connect() -> None:
    import ray

    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    local = {"address": "local", "include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES}
    options = {} if has_cluster() else local
    failure: ConnectionError | None = None
    with standard_error_hidden():
        try:
            ray.init(**options, log_to_driver=False, logging_level=logging.CRITICAL)
        except ConnectionError as error:
            failure = error  # raised outside of the block, which would otherwise show the hidden messages
    if failure:
        raise WorkError(str(failure)) from failure


def has_cluster() -> bool:
    """Whether RAY_ADDRESS names a cluster, or `ray start` has made this machine part of one.

    Raises WorkError if RAY_ADDRESS is wrong. Ray itself would retry for a quarter of an hour and ignore Ctrl-C.
    """
    address = os.environ.get("RAY_ADDRESS", "auto")
    if address == "local":
        return False
    temporary = os.environ.get("RAY_TMPDIR") or os.environ.get("TMPDIR") or "/tmp"
    address_file = Path(temporary, "ray", "ray_current_cluster")  # remains after a cluster is killed
    local_address = address_file.read_text().strip() if address_file.exists() else ""
    is_running = _is_listening(local_address if address == "auto" else address)
    if not is_running and "RAY_ADDRESS" in os.environ:
        raise WorkError(f"There is no Ray cluster at RAY_ADDRESS = {address}. Start it, or unset RAY_ADDRESS")
    return is_running


def _is_listening(address: str) -> bool:
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), CONNECT_TIMEOUT).close()
    except (OSError, ValueError):
        return False
    return True
