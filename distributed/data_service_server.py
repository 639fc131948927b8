"""A tf.data service, which makes training batches for `--data-service`: one dispatcher, and workers on any machines.

    python -m training.data_service --role dispatcher --port 5050
    python -m training.data_service --role worker --dispatcher grpc://HOST:5050 --port 5051

A worker opens the files itself, so the data folder, and the run's with `--cache disk`, must be where it is under the
same paths as for the training. Both serve until they are stopped, one training after the other or several at a time.
"""

import os
import sys
import threading

from command import INTERRUPTED, import_tensorflow, run
from distributed.watchdog import is_listening
from settings import SettingError, WorkError, bad_setting


def main() -> None:
    run("python -m training.data_service", "DataServiceConfig", serve)


def serve(settings) -> None:
    """Until Ctrl-C. Raises SettingError, WorkError if the port is taken or the dispatcher does not answer."""
    if settings.role == "worker" and not settings.dispatcher:
        raise SettingError(
            bad_setting("dispatcher", "", "a worker needs to know its dispatcher, such as grpc://host:5050")
        )
    if settings.role == "dispatcher" and settings.dispatcher:
        raise SettingError(bad_setting("dispatcher", settings.dispatcher, "is for workers; leave it out"))
    if settings.dispatcher and not is_listening(settings.dispatcher):
        raise WorkError(f"No dispatcher answers at {settings.dispatcher}. Start that first.")
    if is_listening(f"localhost:{settings.port}"):
        raise WorkError(f"Another program listens at port {settings.port}; use another --port.")
    server = _server(settings)  # noqa: F841  it serves for as long as it is held
    print(f"The {settings.role} is ready at port {settings.port}; Ctrl-C ends it", flush=True)
    try:
        threading.Event().wait()  # the server's own join() would not let Ctrl-C through
    except KeyboardInterrupt:
        print(f"The {settings.role} has ended.", file=sys.stderr, flush=True)
        os._exit(INTERRUPTED)  # without its dispatcher a worker's own way to end takes an hour


def _server(settings) -> object:
    tf = import_tensorflow()
    service = tf.data.experimental.service
    try:
        if settings.role == "dispatcher":
            return service.DispatchServer(service.DispatcherConfig(port=settings.port))
        return service.WorkerServer(
            service.WorkerConfig(
                dispatcher_address=settings.dispatcher.removeprefix("grpc://"),
                worker_address=f"{settings.host}:{settings.port}",
                port=settings.port,
            )
        )
    except tf.errors.OpError as error:
        raise WorkError(f"The {settings.role} cannot begin at port {settings.port}: {error.message}") from error


if __name__ == "__main__":
    main()
