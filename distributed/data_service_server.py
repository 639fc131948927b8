"""A tf.data service, which makes training batches for `--data-service`: one dispatcher, and workers on any machines.

    python -m training.data_service --role dispatcher --port 5050 --host FIRST
    python -m training.data_service --role worker --dispatcher grpc://FIRST:5050 --port 5051 --host SECOND

Without `--host` nobody but this machine reaches them: TensorFlow's service has no password, and whoever reaches it
reads and writes files as its user.

A worker opens the files itself. So it must see the data folder, and with `--cache disk` the run's folder, under the
same paths as the training does. Both processes serve any number of trainings until they are stopped.
"""

import os
import sys
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from command import import_tensorflow, run
from distributed.loopback import is_loopback, keep_on_loopback
from distributed.watchdog import is_listening
from log import logger
from settings import SettingError, WorkError, bad_setting, errors_if_given

if TYPE_CHECKING:
    import tensorflow as tf

    from config import DataServiceConfig

USED_BY = {"dispatcher": ("role", "port", "host"), "worker": ("role", "port", "host", "dispatcher")}
"""The settings that have an effect, by role. `json` and `debug` always have one."""

WAKE_EVERY = 1.0
"""Seconds. A signal that arrives just before an endless wait would never end it."""

servers: list[object] = []
"""Servers that run in this process. A server that Python destroys waits for its dispatcher for up to an hour."""


def main() -> None:
    code: object = 1
    try:
        run("python -m training.data_service", "DataServiceConfig", serve)
    except SystemExit as end:
        code = end.code
        raise
    finally:
        if servers:
            sys.stdout.flush()
            os._exit(code if isinstance(code, int) else 1)  # does not destroy the servers


def serve(settings: "DataServiceConfig") -> Mapping[str, object]:
    """Serves until Ctrl-C. Raises SettingError, and WorkError if the port is in use or the dispatcher is missing."""
    check_settings(settings)
    if settings.role == "worker" and not is_listening(settings.dispatcher or ""):
        raise WorkError(f"No dispatcher answers at {settings.dispatcher}. Start the dispatcher first.")
    if is_listening(f"localhost:{settings.port}"):
        raise WorkError(f"Another program listens at port {settings.port}; use another --port.")
    try:
        servers.append(_start(settings))
        _limit_callers(settings)
        logger.info(f"The {settings.role} is ready at port {settings.port}. Press Ctrl-C to stop it.")
        while not threading.Event().wait(WAKE_EVERY):  # the server's own join() would block Ctrl-C
            pass
    except KeyboardInterrupt as interruption:
        raise KeyboardInterrupt(f"The {settings.role} has stopped.") from interruption
    return {}


def _limit_callers(settings: "DataServiceConfig") -> None:
    """Keeps other machines out unless `host` is a name that they can use. Raises WorkError if that is not possible."""
    if is_loopback(settings.host):
        keep_on_loopback(settings.port)
        return
    logger.warning(
        f"Whoever reaches port {settings.port} of this machine can read and write files as you: TensorFlow's service "
        "asks for no password. Let a firewall open the port to the machines of the training alone."
    )


def check_settings(settings: "DataServiceConfig") -> None:
    """Raises SettingError for a missing dispatcher, and for settings that have no effect in this role."""
    if settings.role == "worker" and not settings.dispatcher:
        raise SettingError(bad_setting("dispatcher", "", "a worker needs its dispatcher, such as grpc://host:5050"))
    unused = set(type(settings).model_fields) - {*USED_BY[settings.role], "json", "debug", "config"}
    if errors := errors_if_given(settings, sorted(unused), f"has no effect for a {settings.role}; leave it out"):
        raise SettingError(*errors)


def server_config(
    settings: "DataServiceConfig",
) -> "tf.data.experimental.service.DispatcherConfig | tf.data.experimental.service.WorkerConfig":
    """The settings as TensorFlow's server takes them."""
    service = import_tensorflow().data.experimental.service
    if settings.role == "dispatcher":
        return service.DispatcherConfig(port=settings.port)
    return service.WorkerConfig(
        dispatcher_address=(settings.dispatcher or "").removeprefix("grpc://"),
        worker_address=f"{settings.host}:{settings.port}",
        port=settings.port,
    )


def _start(settings: "DataServiceConfig") -> object:
    """A server that runs. Raises WorkError if TensorFlow cannot start it."""
    tf = import_tensorflow()
    service = tf.data.experimental.service
    server = service.DispatchServer if settings.role == "dispatcher" else service.WorkerServer
    try:
        return server(server_config(settings))
    except tf.errors.OpError as error:
        raise WorkError(f"The {settings.role} cannot start at port {settings.port}: {error.message}") from error


if __name__ == "__main__":
    main()
