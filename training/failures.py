"""Errors of TensorFlow, translated into messages that tell the user what to do."""

import contextlib
import errno
import re
from collections.abc import Iterator

import tensorflow as tf

from datatransformer.layout import why_dead_link
from distributed.rendezvous import describe_lost_workers
from settings import WorkError
from storage.exhausted import FILES, MORE_FILES, what_ran_out
from training.session import Session
from training.strategy import WORKER_LOST_ERRORS
from training.unreadable_file import first_unreadable

UNREADABLE_IMAGE = ("No such file", "decod", "jpeg::Uncompress", "JPEG", "PNG", "GIF", "BMP", "Input is empty")
"""Parts of TensorFlow's messages about images that it cannot read."""

WHERE_IN_PIPELINE = re.compile(r"\{\{.*?\}\}\s*|(Error in )?.*?Iterator::\S+: ")
"""What TensorFlow says before the file: the node of its graph, and the steps of the pipeline."""


@contextlib.contextmanager
def translate_errors(session: Session) -> Iterator[None]:
    """Raises errors that a user can act on as KeyboardInterrupt, WorkError or OSError with a text for the user."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_stopped(session)) from None
    except tf.errors.ResourceExhaustedError as error:
        if "No space left" in str(error) or "quota" in str(error):
            raise OSError(errno.ENOSPC, "No space left on device", str(session.run.path)) from error
        if what_ran_out(error) == FILES:
            raise WorkError(f"Training stopped: {FILES}. {MORE_FILES}.") from error
        largest = max(stage.batch_size for stage in session.stages)
        raise WorkError(f"Memory ran out. Use a smaller --batch-size than {largest}.") from error
    except WORKER_LOST_ERRORS as error:
        if session.cluster.count == 1:
            raise
        raise WorkError(
            f"Lost contact with {describe_lost_workers(session.cluster, str(error))}. {_epochs_saved(session)}. "
            "Run the same command again on all workers to resume."
        ) from error
    except (tf.errors.NotFoundError, tf.errors.InvalidArgumentError) as error:
        lines = str(error).splitlines()
        reason = next((line for line in lines if any(part in line for part in UNREADABLE_IMAGE)), None)
        if reason is None:
            raise WorkError(f"Training stopped: {lines[0]}. Run with --debug for the traceback.") from error
        advice = f"If {session.data.path} has changed, python -m datatransformer --overwrite makes it again"
        reason = WHERE_IN_PIPELINE.sub("", reason)
        if str(session.data.path) not in reason:
            reason = first_unreadable(session.data) or reason
        if link := why_dead_link(reason.rpartition(";")[0]):
            reason, advice = link, f"Move it back, or make {session.data.path} again from its new path"
        raise WorkError(f"Training stopped: {reason}. {advice}.") from error


def _stopped(session: Session) -> str:
    epoch = len(session.run.history()) + 1
    everywhere = " on all workers" if session.cluster.count > 1 else ""
    without = " without --resume never" if session.settings.resume == "never" else ""
    return (
        f"\nStopped in epoch {epoch}. {_epochs_saved(session)}. "
        f"Run the same command again{everywhere}{without} to resume."
    )


def _epochs_saved(session: Session) -> str:
    done = len(session.run.history())
    return f"{done} {'epoch is' if done == 1 else 'epochs are'} saved in {session.run.path}"
