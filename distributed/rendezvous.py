"""The rendezvous of workers before they train: all are running, reachable, and have the same settings.

TensorFlow itself would wait an hour for a missing worker, ignore Ctrl-C meanwhile, and not name the worker. So the
chief listens at its address until all other workers have called it and sent their settings. Then it answers all of
them at once. Each message is a line that only the workers can write. Whatever else comes to the port is dropped: it
holds nobody up. Until then only the chief uses the run's folder.
"""

import asyncio
import contextlib
import re
import secrets
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from distributed.cluster import Cluster
from distributed.sealed_messages import MAX_MESSAGE, new_secret, open_sealed, read_secret, seal
from distributed.watchdog import ANSWER_WITHIN, call, is_listening
from log import logger
from settings import WorkError

MAX_STRANGERS = 100
"""Connections that may wait at once without a valid message. A further one ends the oldest of them."""

RETRY_AFTER = 0.3
"""Seconds between two calls to a chief that does not answer."""

CHALLENGE_LENGTH = 33
"""Characters that the chief draws for a connection, and the line feed."""

CHIEF, WORKER = "chief", "worker"


class Reception:
    """The chief's end: takes calls, and knows who has called.

    Attributes:
        callers: the connections of workers that have called, and what was drawn for each.
        complete: is done when all workers have called, and fails with the WorkError of one that does not fit.
    """

    def __init__(self, cluster: Cluster, settings: Mapping[str, object], secret: bytes) -> None:
        self.cluster, self.settings, self.secret = cluster, settings, secret
        self.callers: dict[int, tuple[asyncio.StreamWriter, str]] = {}
        self.strangers: dict[asyncio.StreamWriter, None] = {}
        self.complete: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from the first byte on."""
        challenge = secrets.token_hex(16)
        self.strangers[writer] = None
        if len(self.strangers) > MAX_STRANGERS:
            oldest = next(iter(self.strangers))
            del self.strangers[oldest]
            oldest.transport.abort()
        try:
            writer.write(f"{challenge}\n".encode())
            line = await asyncio.wait_for(reader.readline(), ANSWER_WITHIN)
            greeting = open_sealed(self.secret, WORKER, challenge, line) or {}
        except (OSError, TimeoutError, ValueError):  # ValueError: the line is too long
            greeting = {}
        finally:
            self.strangers.pop(writer, None)
        if greeting.get("worker") not in range(1, self.cluster.count):
            writer.transport.abort()
            return
        number = greeting["worker"]
        self.callers[number] = writer, challenge
        try:
            await asyncio.to_thread(_check, self.cluster, number, greeting["settings"], self.settings)
        except WorkError as error:
            if not self.complete.done():
                self.complete.set_exception(error)
        if len(self.callers) == self.cluster.count - 1 and not self.complete.done():
            self.complete.set_result(None)

    async def answer(self, message: Mapping[str, object]) -> None:
        for writer, challenge in self.callers.values():
            with contextlib.suppress(OSError, TimeoutError):  # TensorFlow notices a worker that has ended since
                writer.write(seal(self.secret, CHIEF, challenge, message))
                await asyncio.wait_for(writer.drain(), ANSWER_WITHIN)
                writer.close()


def gather_workers(
    cluster: Cluster, settings: Mapping[str, object], message: Mapping[str, object], seconds: float, secret_file: Path
) -> None:
    """The chief's part: waits for the other workers, then sends `message` to all of them.

    Raises WorkError, here and in the other workers, if a worker does not call within `seconds`, was started with other
    settings, or does not answer at its own address.
    """
    if cluster.count == 1:
        return
    logger.info(f"Worker 0 of {cluster.count}, the chief: waiting for {cluster.describe(*range(1, cluster.count))}")
    with _listen(cluster) as server, new_secret(secret_file) as secret:
        asyncio.run(_gather(server, cluster, settings, message, seconds, secret))


async def _gather(
    listening: socket.socket,
    cluster: Cluster,
    settings: Mapping[str, object],
    message: Mapping[str, object],
    seconds: float,
    secret: bytes,
) -> None:
    reception = Reception(cluster, settings, secret)
    async with await asyncio.start_server(reception.take, sock=listening, limit=MAX_MESSAGE):
        try:
            await asyncio.wait_for(reception.complete, seconds)
        except (WorkError, TimeoutError) as error:
            missing = [number for number in range(1, cluster.count) if number not in reception.callers]
            reason = str(error) if isinstance(error, WorkError) else _missing_workers(cluster, missing, seconds)
            await reception.answer({"error": reason})
            raise WorkError(reason) from error
        else:
            await reception.answer(message)
        finally:
            for writer in list(reception.strangers):  # the server ends when all of its connections have
                writer.transport.abort()


def join_chief(cluster: Cluster, settings: Mapping[str, object], seconds: float, secret_file: Path) -> dict:
    """The part of every other worker: calls the chief until that has all workers together. Returns its message.

    Raises WorkError if the chief does not answer within `seconds` or rejects the settings.
    """
    logger.info(f"Worker {cluster.index} of {cluster.count}: waiting for {cluster.describe(0)}")
    greeting = {"worker": cluster.index, "settings": dict(settings)}
    end = time.monotonic() + seconds
    with _listen(cluster):
        while (left := end - time.monotonic()) > 0:
            if secret := read_secret(secret_file):
                with contextlib.suppress(OSError), call(cluster.addresses[0], min(left, ANSWER_WITHIN)) as chief:
                    # the chief answers when all are there or when it gives up
                    if message := _greet(chief, secret, greeting, seconds + ANSWER_WITHIN):
                        if "error" in message:
                            raise WorkError(message["error"])
                        return message
            time.sleep(RETRY_AFTER)
    raise WorkError(_missing_workers(cluster, [0], seconds))


def _greet(chief: socket.socket, secret: bytes, greeting: Mapping[str, object], seconds: float) -> dict | None:
    """The answer to a greeting; None if another program or an earlier chief is at the address. Raises OSError."""
    with chief.makefile("rb") as stream:
        challenge = stream.readline(CHALLENGE_LENGTH).decode(errors="replace").rstrip("\n")
        chief.sendall(seal(secret, WORKER, challenge, greeting))
        chief.settimeout(seconds)
        return open_sealed(secret, CHIEF, challenge, stream.readline(MAX_MESSAGE))


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


def _check(cluster: Cluster, number: int, its_settings: Mapping, settings: Mapping[str, object]) -> None:
    """Raises WorkError if a worker has other settings, or does not answer at its address."""
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
    """A server at this worker's port: on loopback if all workers are on this machine; otherwise on all addresses, as
    TensorFlow's will be. Raises WorkError.
    """
    both = socket.has_dualstack_ipv6() and not cluster.is_local
    try:
        family = socket.AF_INET6 if both else socket.AF_INET
        server = socket.create_server(
            (cluster.host if cluster.is_local else "", cluster.port), family=family, dualstack_ipv6=both
        )
    except OSError as error:
        own = cluster.describe(cluster.index).capitalize()
        raise WorkError(f"{own} cannot listen at its port: {error.strerror}.") from error
    with server:
        yield server
