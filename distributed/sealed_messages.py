"""Messages between the workers of a training, which a stranger at the port can neither write nor change.

A message is a line: a code that only those can compute who know the secret, and JSON. The chief makes the secret anew
for each start and writes it to a file in the folder of runs, which all workers see and only their user can read.
"""

import contextlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

from settings import WorkError
from storage.tables import replacing

MAX_MESSAGE = 2**20
"""Bytes of the longest message."""

CODE_LENGTH = 64
"""Characters of the code: SHA-256 in hexadecimal."""


def secret_file(run: Path) -> Path:
    """The file with the secret of a run, beside its folder."""
    return run.with_name(f".{run.name}.secret")


@contextlib.contextmanager
def new_secret(path: Path) -> Iterator[bytes]:
    """The chief's part: a new secret, which the file holds while the block runs."""
    secret = secrets.token_hex(32)
    try:
        with replacing(path) as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(secret)
        yield secret.encode()
    finally:
        path.unlink(missing_ok=True)


def read_secret(path: Path) -> bytes | None:
    """The part of the other workers: the secret, or None while the chief has not written it.

    Raises WorkError if this user must not read it.
    """
    try:
        return path.read_bytes()
    except PermissionError as error:
        raise WorkError(f"{path} cannot be read. Start all workers as the same user.") from error
    except OSError:
        return None


def seal(secret: bytes, sender: str, challenge: str, message: Mapping[str, object]) -> bytes:
    """The message as a line.

    `challenge`: what the chief has drawn for this connection, so that no line counts twice.
    """
    text = json.dumps(message)
    return f"{_code(secret, sender, challenge, text)} {text}\n".encode()


def open_sealed(secret: bytes, sender: str, challenge: str, line: bytes) -> dict | None:
    """The message in a line; None if it does not come from a `sender` who knows the secret."""
    code, _, text = line.decode(errors="replace").rstrip("\n").partition(" ")
    if len(code) != CODE_LENGTH or not hmac.compare_digest(
        code.encode(), _code(secret, sender, challenge, text).encode()
    ):
        return None
    message = json.loads(text)
    return message if isinstance(message, dict) else None


def _code(secret: bytes, sender: str, challenge: str, text: str) -> str:
    return hmac.new(secret, f"{sender} {challenge} {text}".encode(), "sha256").hexdigest()
