"""The rendezvous of workers before they train: all are running, reachable, and have the same settings.

TensorFlow itself would wait an hour for a missing worker, ignore Ctrl-C meanwhile, and not name the worker. So the
chief listens at its address until all other workers have called it and sent their settings. Then it answers all of
them at once. Each message is one line of JSON. Until then only the chief uses the run's folder.
"""

import contextlib
import json
import re
import socket
import time
from collections.abc import Iterable, Iterator, Mapping

from distributed.cluster import Cluster
from distributed.watchdog import ANSWER_WITHIN, call, is_listening
from log import logger
from settings import WorkError

MAX_MESSAGE = 2**20
"""Bytes of the longest message."""

RETRY_AFTER = 0.3
"""Seconds between two calls to a chief that does not answer."""


def gather_workers(
    cluster: Cluster, settings: Mapping[str, object], message: Mapping[str, object], seconds: float
) -> None:
    """The chief's part: waits for the other workers, then sends `message` to all of them.

    Raises WorkError, here and in the other workers, if a worker does not call within `seconds`, was started with other
    settings, or does not answer at its own address.
    """
    if cluster.count == 1:
        return
    logger.info(f"Worker 0 of {cluster.count}, the chief: waiting for {cluster.describe(*range(1, cluster.count))}")
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(_listen(cluster))
        callers: dict[int, socket.socket] = {}
        try:
            for caller in _accept(server, time.monotonic() + seconds):
                greeting = _receive(stack.enter_context(caller)) or {}
                if greeting.get("worker") in range(1, cluster.count):
                    callers[greeting["worker"]] = caller
                    _check(cluster, greeting, settings)
                if len(callers) == cluster.count - 1:
                    break
            else:
                missing = (number for number in range(1, cluster.count) if number not in callers)
                raise WorkError(_missing_workers(cluster, missing, seconds))
        except WorkError as error:
            _answer(callers, {"error": str(error)})
            raise
        _answer(callers, message)


def join_chief(cluster: Cluster, settings: Mapping[str, object], seconds: float) -> dict:
    """The part of every other worker: calls the chief until that has all workers together. Returns its message.

    Raises WorkError if the chief does not answer within `seconds` or rejects the settings.
    """
    logger.info(f"Worker {cluster.index} of {cluster.count}: waiting for {cluster.describe(0)}")
    end = time.monotonic() + seconds
    with _listen(cluster):
        while (left := end - time.monotonic()) > 0:
            with contextlib.suppress(OSError), call(cluster.addresses[0], min(left, ANSWER_WITHIN)) as chief:
                _send(chief, {"worker": cluster.index, "settings": dict(settings)})
                chief.settimeout(seconds + ANSWER_WITHIN)  # the chief answers when all are there or when it gives up
                if message := _receive(chief):  # a server of an earlier session at this address sends no JSON
                    if "error" in message:
                        raise WorkError(message["error"])
                    return message
            time.sleep(RETRY_AFTER)
    raise WorkError(_missing_workers(cluster, [0], seconds))


def describe_lost_workers(cluster: Cluster, error: str) -> str:
    """The workers that TensorFlow's `error` is about.

    These are the workers that do not answer, else the ones that the error names, else all other workers.
    """
    others = [number for number in range(cluster.count) if number != cluster.index]
    silent = [number for number in others if not is_listening(cluster.addresses[number])]
    named = {int(number) for number in re.findall(r"/task:(\d+)", error)} & set(others)
    return cluster.describe(*(silent or sorted(named) or others))


def _missing_workers(cluster: Cluster, missing: Iterable[int], seconds: float) -> str:
    workers = cluster.describe(*missing)
    return f"No contact within {seconds:g} seconds: {workers}. Start it, or allow more time by --worker-timeout."


def _answer(callers: Mapping[int, socket.socket], message: Mapping[str, object]) -> None:
    for caller in callers.values():
        with contextlib.suppress(OSError):  # TensorFlow notices a worker that has ended since
            _send(caller, message)


def _check(cluster: Cluster, greeting: Mapping, settings: Mapping[str, object]) -> None:
    """Raises WorkError if a worker has other settings, or does not answer at its address."""
    number, its_settings = greeting["worker"], greeting.get("settings", {})
    worker = cluster.describe(number).capitalize()
    different = [
        f"{name} = {its_settings.get(name)!r}, the chief {settings[name]!r}"
        for name in settings
        if its_settings.get(name) != settings[name]
    ]
    if different:
        raise WorkError(f"{worker} has {'; '.join(different)}. All workers need the same settings.")
    if not is_listening(cluster.addresses[number]):
        raise WorkError(
            f"{worker} has called, but does not answer at this address. Check the address, and that the port is open."
        )


@contextlib.contextmanager
def _listen(cluster: Cluster) -> Iterator[socket.socket]:
    """A server at this worker's port, on all addresses of the machine, as TensorFlow's will be. Raises WorkError."""
    port = int(cluster.addresses[cluster.index].rpartition(":")[2])
    both = socket.has_dualstack_ipv6()
    try:
        family = socket.AF_INET6 if both else socket.AF_INET
        server = socket.create_server(("", port), family=family, dualstack_ipv6=both)
    except OSError as error:
        own = cluster.describe(cluster.index).capitalize()
        raise WorkError(f"{own} cannot listen at its port: {error.strerror}.") from error
    with server:
        yield server


def _accept(server: socket.socket, end: float) -> Iterator[socket.socket]:
    """The connections that come until the time `end`."""
    while (left := end - time.monotonic()) > 0:
        server.settimeout(left)
        with contextlib.suppress(TimeoutError):
            caller, _ = server.accept()
            caller.settimeout(ANSWER_WITHIN)
            yield caller


def _send(caller: socket.socket, message: Mapping[str, object]) -> None:
    caller.sendall(json.dumps(message).encode() + b"\n")


def _receive(caller: socket.socket) -> dict | None:
    """The next message, or None if something else comes."""
    try:
        with caller.makefile("rb") as stream:
            message = json.loads(stream.readline(MAX_MESSAGE))
    except (OSError, ValueError):
        return None
    return message if isinstance(message, dict) else None
