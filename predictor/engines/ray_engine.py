"""`--engine ray`: rows computed by workers of Ray, on the machines of a cluster or on this one.

Pictures are a data set of Ray Data, a row each. It goes through a pool of workers, processes with a model each, and
comes back in its order as rows of the CSV. Masks are written by the workers. So the machines of a cluster share the
disk of pictures, run and output, under the same path, and SceneLab is installed on each.
"""

import json
import logging
import os
import signal
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

from command import import_tensorflow, standard_error_hidden
from predictor.engines.conversion import check_installed
from predictor.output import Output
from predictor.pictures import ImageFile
from settings import WorkError

PACKAGE = '"ray[data]"'

BATCHES_AT_A_TIME = 4
"""Are given to a worker, which reads the next while it computes one."""

PICTURES_AT_A_TIME = 100_000
"""Are a data set, so that memory is flat."""

STORE_BYTES = 128 * 2**20
"""Memory for what the processes of this machine exchange: paths and rows."""

SECONDS_TO_ANSWER = 10

QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal", "RAY_DEDUP_LOGS_SKIP_REGEX": "."}
"""Ray's own remarks, also those that it prints for its workers, stay in its log files, in /tmp/ray."""


class Pool(NamedTuple):
    """So many workers, and what each takes of its machine."""

    workers: int
    cores: int
    gpus: int


class RayTask:
    """As `work`, of `predictor.predict`, whose rows are computed elsewhere. Raises WorkError if Ray is not installed.

    Arguments:
        cores: of each worker; None gives it those of a whole machine.
    """

    def __init__(self, work, batch_size: int, cores: int | None):
        for module in ("ray", "pyarrow"):
            check_installed({module: PACKAGE}, "--engine ray")
        self.work, self.batch_size, self.cores = work, batch_size, cores
        self.columns, self.depends_on, self.evaluate = work.columns, work.depends_on, work.evaluate

    def rows(
        self, rest: Iterable[ImageFile], output: Output, bar: Callable[[Iterable], Iterable]
    ) -> Iterator[tuple[list[str], list[list[str]]]]:
        with connected() as machines:
            pool = pool_on(machines, self.cores)
            print(f"Workers of Ray: {pool.workers}; cores of each: {pool.cores}{', and a GPU' * pool.gpus}")
            for name, cells, reason in bar(self._predicted(iter(rest), pool)):
                if reason:
                    output.reject(name, reason)
                else:
                    yield [name], [cells]

    def _predicted(self, rest: Iterator[ImageFile], pool: Pool) -> Iterator[tuple[str, list[str], str]]:
        """Name, cells and, if it could not be read, the reason for each picture."""
        import ray

        while listed := list(islice(rest, PICTURES_AT_A_TIME)):
            batches = -(-len(listed) // self.batch_size)
            blocks = max(-(-batches // BATCHES_AT_A_TIME), min(batches, pool.workers))
            rows = [{"path": os.fsencode(one.path), "name": os.fsencode(one.name)} for one in listed]
            predicted = ray.data.from_items(rows, override_num_blocks=blocks).map_batches(
                Worker,
                fn_constructor_args=(self.work, str(Path.cwd())),
                batch_size=None,
                concurrency=min(pool.workers, blocks),
                num_cpus=pool.cores,
                num_gpus=pool.gpus or None,
            )
            for row in predicted.iter_rows():
                yield os.fsdecode(row["name"]), json.loads(row["cells"]), row["reason"]


class Worker:
    """A process of Ray that has the model. `folder` is where the command was given."""

    def __init__(self, work, folder: str):
        import_tensorflow()
        self.work, self.folder = work, folder

    def __call__(self, block: dict) -> dict:
        os.chdir(self.folder)  # so that relative paths lead where they lead for the command
        listed = [
            ImageFile(Path(os.fsdecode(path)), os.fsdecode(name))
            for path, name in zip(block["path"], block["name"], strict=True)
        ]
        cells: dict[str, list[str]] = {}
        reasons: dict[str, str] = {}
        for names, rows in self.work.rows(listed, SimpleNamespace(reject=reasons.__setitem__), iter):
            cells |= {name: list(map(str, row)) for name, row in zip(names, rows, strict=True)}
        return {
            "name": block["name"],
            "cells": [json.dumps(cells.get(picture.name)) for picture in listed],
            "reason": [reasons.get(picture.name, "") for picture in listed],
        }


def pool_on(machines: Sequence[Mapping[str, float]], cores: int | None) -> Pool:
    """Workers for machines that have so many `CPU` and `GPU`: one a GPU where there are any, else one for `cores`.

    Without `cores` a worker gets those of a whole machine, of the smallest if they differ; or its GPU's share of them.
    Raises WorkError if there is room for none.
    """
    with_gpu = [machine for machine in machines if machine.get("GPU", 0) >= 1]
    used = with_gpu or [machine for machine in machines if machine.get("CPU", 0) >= 1]
    gpus = [int(machine.get("GPU", 0)) for machine in used]
    cpus = [int(machine.get("CPU", 0)) for machine in used]
    cores = cores or max(1, min((cpu // max(gpu, 1) for cpu, gpu in zip(cpus, gpus, strict=True)), default=1))
    workers = sum(min(cpu // cores, gpu or cpu) for cpu, gpu in zip(cpus, gpus, strict=True))
    if not workers:
        raise WorkError(f"No machine of Ray has {cores} cores for a worker; give fewer, --workers 1 say")
    return Pool(workers, cores, int(bool(with_gpu)))


@contextmanager
def connected() -> Iterator[list[dict[str, float]]]:
    """Ray, of the cluster that RAY_ADDRESS names or this machine is in, else started here and stopped at the end.

    Gives what each machine has. Raises WorkError for what fails in it.
    """
    os.environ |= {name: value for name, value in QUIET.items() if name not in os.environ}
    with standard_error_hidden():
        import ray.data
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = context.print_on_execution_start = False
    context.raise_original_map_exception = True
    on_sigterm = signal.getsignal(signal.SIGTERM)
    try:
        _connect()
        signal.signal(signal.SIGTERM, on_sigterm)  # Ray has put its own there
        yield [node["Resources"] for node in ray.nodes() if node["Alive"]]
    except ray.exceptions.RayError as error:
        cause = getattr(error, "cause", None) or error
        said = next(iter(str(cause).strip().splitlines()), type(cause).__name__)  # behind it is a traceback
        raise WorkError(said if isinstance(cause, WorkError) else f"A worker of Ray failed: {said}") from error
    finally:
        ray.shutdown()


def _connect() -> None:
    import ray

    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    how = {} if has_cluster() else {"address": "local", "include_dashboard": False, "object_store_memory": STORE_BYTES}
    failed = None
    with standard_error_hidden():
        try:
            ray.init(**how, log_to_driver=False, logging_level=logging.CRITICAL)
        except ConnectionError as error:
            failed = error  # raised below, or what was held back would be shown
    if failed:
        raise WorkError(str(failed)) from failed


def has_cluster() -> bool:
    """Whether RAY_ADDRESS names one, or `ray start` has put this machine in one.

    Raises WorkError if RAY_ADDRESS is wrong: Ray itself would try for a quarter of an hour, deaf to Ctrl-C.
    """
    named = os.environ.get("RAY_ADDRESS", "auto")
    if named == "local":
        return False
    temporary = os.environ.get("RAY_TMPDIR") or os.environ.get("TMPDIR") or "/tmp"
    started = Path(temporary, "ray", "ray_current_cluster")  # may be there still when the cluster is not
    found = _answers(named if named != "auto" else started.read_text().strip() if started.exists() else "")
    if not found and "RAY_ADDRESS" in os.environ:
        raise WorkError(f"There is no Ray cluster at RAY_ADDRESS = {named}. Start it, or unset that to do without")
    return found


def _answers(address: str) -> bool:
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), SECONDS_TO_ANSWER).close()
    except (OSError, ValueError):
        return False
    return True
