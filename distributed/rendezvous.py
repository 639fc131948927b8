"""Workers meet before they train: all are there, can be reached, and were started with the same settings.

TensorFlow itself would wait for an hour for a worker that does not come, deaf to Ctrl-C, and would not say for which.
So the chief listens at its address until all the others have called it, each with its settings, and answers all of them
at once. One line of JSON each way. Until then the run's folder is the chief's alone.
"""

import contextlib
import json
import re
import socket
import time
from collections.abc import Iterable, Iterator, Mapping

from distributed.cluster import Cluster
from distributed.watchdog import ANSWER_WITHIN, call, is_listening
from settings import WorkError

LINE = 2**20
"""Bytes of the longest message."""


def gather_workers(cluster: Cluster, settings: Mapping, message: Mapping, seconds: float) -> None:
    """The chief's part: waits for the others, then sends `message` to all of them.

    Raises WorkError, and the others do too, if one does not come within `seconds`, was started with other settings, or
    does not answer at its own address.
    """
    if cluster.count == 1:
        return
    print(f"Worker 0 of {cluster.count}, the chief; waiting for {cluster.named(*range(1, cluster.count))}")
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(_listening(cluster))
        calls: dict[int, socket.socket] = {}
        try:
            for caller in _calls(server, time.monotonic() + seconds):
                hello = _receive(stack.enter_context(caller)) or {}
                if hello.get("worker") in range(1, cluster.count):
                    calls[hello["worker"]] = caller
                    _check(cluster, hello, settings)
                if len(calls) == cluster.count - 1:
                    break
            else:
                missing = (number for number in range(1, cluster.count) if number not in calls)
                raise WorkError(_not_up(cluster, missing, seconds))
        except WorkError as error:
            _answer(calls, {"error": str(error)})
            raise
        _answer(calls, message)


def join_chief(cluster: Cluster, settings: Mapping, seconds: float) -> dict:
    """The others' part: calls the chief until that has all workers together; gives its message.

    Raises WorkError if the chief does not come up within `seconds`, or is not content.
    """
    print(f"Worker {cluster.index} of {cluster.count}; waiting for {cluster.named(0)}")
    end = time.monotonic() + seconds
    with _listening(cluster):
        while (left := end - time.monotonic()) > 0:
            with contextlib.suppress(OSError), call(cluster.addresses[0], min(left, ANSWER_WITHIN)) as chief:
                _send(chief, {"worker": cluster.index, "settings": dict(settings)})
                chief.settimeout(seconds + ANSWER_WITHIN)  # the chief answers when the last has come, or it gives up
                if message := _receive(chief):  # no JSON comes from what an earlier session has left there
                    if "error" in message:
                        raise WorkError(message["error"])
                    return message
            time.sleep(0.3)
    raise WorkError(_not_up(cluster, [0], seconds))


def lost(cluster: Cluster, error: str) -> str:
    """Those whom TensorFlow's `error` is about: they do not answer, or it names them, or it was one of the others."""
    others = [number for number in range(cluster.count) if number != cluster.index]
    silent = [number for number in others if not is_listening(cluster.addresses[number])]
    blamed = {int(number) for number in re.findall(r"/task:(\d+)", error)} & set(others)
    return cluster.named(*(silent or sorted(blamed) or others))


def _not_up(cluster: Cluster, missing: Iterable[int], seconds: float) -> str:
    named = cluster.named(*missing)
    return f"Not up after {seconds:g} seconds: {named}. Start it, or give it longer by --worker-timeout."


def _answer(calls: Mapping[int, socket.socket], message: Mapping) -> None:
    for caller in calls.values():
        with contextlib.suppress(OSError):  # one that has gone meanwhile is found missing by TensorFlow
            _send(caller, message)


def _check(cluster: Cluster, hello: Mapping, settings: Mapping) -> None:
    number, theirs = hello["worker"], hello.get("settings", {})
    other = [
        f"{name} = {theirs.get(name)!r}, the chief {settings[name]!r}"
        for name in settings
        if theirs.get(name) != settings[name]
    ]
    if other:
        raise WorkError(f"{cluster.named(number).capitalize()} has {'; '.join(other)}. All need the same settings.")
    if not is_listening(cluster.addresses[number]):
        raise WorkError(
            f"{cluster.named(number).capitalize()} has called, but does not answer there. Is the address right, and "
            "the port open?"
        )


@contextlib.contextmanager
def _listening(cluster: Cluster) -> Iterator[socket.socket]:
    """At this worker's port, on all addresses of the machine, as TensorFlow will. Connecting to it is enough."""
    port = int(cluster.addresses[cluster.index].rpartition(":")[2])
    both = socket.has_dualstack_ipv6()
    try:
        family = socket.AF_INET6 if both else socket.AF_INET
        server = socket.create_server(("", port), family=family, dualstack_ipv6=both)
    except OSError as error:
        own = cluster.named(cluster.index).capitalize()
        raise WorkError(f"{own} cannot listen there: {error.strerror}.") from error
    with server:
        yield server


def _calls(server: socket.socket, end: float) -> Iterator[socket.socket]:
    """Those that come until `end`."""
    while (left := end - time.monotonic()) > 0:
        server.settimeout(left)
        with contextlib.suppress(TimeoutError):
            caller, _ = server.accept()
            caller.settimeout(ANSWER_WITHIN)
            yield caller


def _send(caller: socket.socket, message: Mapping) -> None:
    caller.sendall(json.dumps(message).encode() + b"\n")


def _receive(caller: socket.socket) -> dict | None:
    """None if what comes is no such message."""
    try:
        with caller.makefile("rb") as stream:
            message = json.loads(stream.readline(LINE))
    except (OSError, ValueError):
        return None
    return message if isinstance(message, dict) else None
