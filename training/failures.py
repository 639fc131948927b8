"""TensorFlow's errors, translated for the user."""

import contextlib
import errno
from collections.abc import Iterator

import tensorflow as tf

from distributed.rendezvous import lost
from settings import WorkError
from training.session import Session
from training.strategy import WORKER_LOST_ERRORS

UNREAD = ("No such file", "decode", "jpeg::Uncompress")
"""What TensorFlow says of a picture that it cannot read."""


@contextlib.contextmanager
def translate_errors(session: Session) -> Iterator[None]:
    """What a user can do something about is said in words."""
    run = session.run
    try:
        yield
    except KeyboardInterrupt:
        done, never = len(run.history()), session.settings.resume == "never"
        everywhere = " on all workers" * (session.cluster.count > 1)
        raise KeyboardInterrupt(
            f"\nStopped in epoch {done + 1}; {done} {'epoch is' if done == 1 else 'epochs are'} kept in {run.path}. "
            f"Run the same command again{everywhere}{' without --resume never' * never} to go on."
        ) from None
    except tf.errors.ResourceExhaustedError as error:
        if "No space left" in str(error) or "quota" in str(error):
            raise OSError(errno.ENOSPC, "No space left on device", str(run.path)) from error
        largest = max(stage.batch_size for stage in session.stages)
        raise WorkError(f"Memory ran out; a smaller --batch-size than {largest} needs less.") from error
    except WORKER_LOST_ERRORS as error:
        if session.cluster.count == 1:
            raise
        done, gone = len(run.history()), lost(session.cluster, str(error))
        raise WorkError(
            f"Gone, or silent: {gone}. {done} {'epoch is' if done == 1 else 'epochs are'} kept in {run.path}. "
            "Run the same command again on all workers to go on."
        ) from error
    except (tf.errors.NotFoundError, tf.errors.InvalidArgumentError) as error:
        lines = str(error).splitlines()
        reason = next((line for line in lines if any(word in line for word in UNREAD)), None)
        if reason is None:
            raise WorkError(f"Training stopped: {lines[0]}. --debug shows where.") from error
        advice = f"If {session.data.path} has changed, python -m datatransformer --overwrite makes it anew"
        raise WorkError(f"Training stopped: {reason}. {advice}.") from error
