"""Text files that users bring, whatever program and system saved them."""

import codecs
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TextIO

from settings import WorkError
from storage.encodings import Guess, guess_encoding

START = 4096
"""Bytes by which a kind of file is recognised."""

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

SAVE_AS_CSV = "Open it in the program that made it and save it as CSV"
NOT_TEXT = (
    (b"PK\x03\x04", "a spreadsheet (.xlsx, .ods) or an archive", SAVE_AS_CSV),
    (b"\xd0\xcf\x11\xe0", "a spreadsheet of Excel (.xls)", SAVE_AS_CSV),
    (b"PAR1", "a Parquet file", "Save it as CSV, in pandas by read_parquet(...).to_csv(..., index=False)"),
    (b"ARROW1", "an Arrow file", "Save it as CSV"),
    (b"Obj\x01", "an Avro file", "Save it as CSV"),
    (b"\x93NUMPY", "an array of NumPy", "Save it as CSV"),
    (b"\x89HDF", "an HDF5 file", "Save it as CSV"),
    (b"SQLite format 3", "a database", "Save the table as CSV"),
    (b"\x1f\x8b", "compressed by gzip", "Decompress it"),
    (b"BZh", "compressed by bzip2", "Decompress it"),
    (b"\xfd7zXZ", "compressed by xz", "Decompress it"),
    (b"7z\xbc\xaf", "an archive of 7-Zip", "Unpack it"),
    (b"Rar!", "an archive of RAR", "Unpack it"),
    (b"%PDF", "a PDF document", SAVE_AS_CSV),
    (b"{\\rtf", "a document in RTF", "Save it as plain text"),
    (b"\xff\xd8\xff", "a picture", "Name the table instead"),
    (b"\x89PNG", "a picture", "Name the table instead"),
    (b"version https://git-lfs", "a pointer of Git LFS, not the file itself", "Fetch it with `git lfs pull`"),
    (b"<!doctype html", "a web page", "Download the file itself (the raw view)"),
    (b"<html", "a web page", "Download the file itself (the raw view)"),
)
"""Beginnings of files that are no table in text: what they are, and what to do about it."""

ENCODING_NAMES = {
    "utf-8": "UTF-8", "utf-8-sig": "UTF-8", "utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
}  # fmt: skip
"""How a report calls an encoding."""

OTHER_NAMES = {
    "cp1252": "Windows-1252", "latin-1": "Latin-1", "cp1251": "Windows-1251 (Cyrillic)",
    "gb18030": "GB 18030 (Chinese)", "shift_jis": "Shift JIS (Japanese)", "euc_kr": "EUC-KR (Korean)",
}  # fmt: skip
"""The same for encodings that are guessed."""


class Encoding(NamedTuple):
    """The encoding of a file.

    Attributes:
        description: how a report calls it.
        doubt: a warning, if it is a guess and other encodings are possible.
    """

    name: str
    description: str
    doubt: str = ""


def encoding_of(path: Path) -> Encoding:
    """The encoding of a text file.

    A byte order mark decides; else zero bytes show UTF-16; else it is UTF-8 if the whole file is that. The last resort
    is what older programs write in some language. Raises WorkError for files that are no text, and for ones that cannot
    be read.
    """
    try:
        with path.open("rb") as file:
            start = file.read(START)
            _refuse_other_kinds(path, start)
            for mark, name in BYTE_ORDER_MARKS:
                if start.startswith(mark):
                    return Encoding(name, ENCODING_NAMES[name])
            if b"\0" in start:
                name = _utf_16_of(path, start)
                return Encoding(name, ENCODING_NAMES[name])
            file.seek(0)
            if _is_utf_8(path, iter(lambda: file.read(1 << 20), b"")):
                return Encoding("utf-8", ENCODING_NAMES["utf-8"])
            file.seek(0)
            return _of_guess(path, guess_encoding(iter(lambda: file.read(1 << 20), b"")))
    except OSError as error:
        raise WorkError(f"{path} cannot be read: {error.strerror or error}") from error


@contextlib.contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """The opened file; the line ends of all systems become line feeds. Raises WorkError, also while it is read."""
    try:
        with path.open(encoding=encoding_of(path).name) as file:
            yield file
    except UnicodeError as error:
        raise WorkError(f"{path} is damaged text ({error}). Save it as UTF-8.") from error


def _refuse_other_kinds(path: Path, start: bytes) -> None:
    beginning = start.removeprefix(codecs.BOM_UTF8).lstrip()
    for sign, what, remedy in NOT_TEXT:
        if start.startswith(sign) or beginning[: len(sign)].lower() == sign:
            raise WorkError(f"{path} is {what}. A table in text, such as CSV, is needed. {remedy}.")


def _not_text(path: Path) -> WorkError:
    return WorkError(f"{path} is not text. A table in text, such as CSV, is needed. {SAVE_AS_CSV}.")


def _utf_16_of(path: Path, start: bytes) -> str:
    """The order of bytes of UTF-16 without a mark: in most texts the upper byte of nearly every sign is 0."""
    even, odd = start[0::2].count(0), start[1::2].count(0)
    most, least = max(even, odd), min(even, odd)
    if most * 4 < len(start) // 2 or least * 10 > most:
        raise _not_text(path)
    return "utf-16-be" if even > odd else "utf-16-le"


def _is_utf_8(path: Path, blocks: Iterator[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in blocks:
            if b"\0" in block:
                raise _not_text(path)
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _of_guess(path: Path, guess: Guess) -> Encoding:
    name = OTHER_NAMES[guess.encoding]
    words = " ".join(guess.words)
    if guess.is_sure:
        return Encoding(guess.encoding, f"not UTF-8, so read as {name} with words such as {words}")
    doubt = f"{path} is not UTF-8, and was read as {name}: {words}. If these words are wrong, save the file as UTF-8"
    return Encoding(guess.encoding, f"not UTF-8, so read as {name}", doubt)
