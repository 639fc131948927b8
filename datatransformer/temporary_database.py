"""Lists that may be long, in a temporary database of SQLite's: its memory is bounded, and it ends with the process."""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator

from settings import WorkError


class TemporaryDatabase:
    """A few tables on disk, of text, numbers and bytes.

    Text is bound as `text` gives it, and each such place in a statement is `CAST(? AS TEXT)`.
    """

    def __init__(self, connection: sqlite3.Connection):
        self.connection = connection

    def __call__(self, statement: str, *values: object) -> sqlite3.Cursor:
        return self.connection.execute(statement, values)

    def each(self, statement: str, rows: Iterable[tuple]) -> None:
        """The statement with each of the rows, which may come from the same database."""
        begins = not self.connection.in_transaction  # rows may come from what does the like itself
        if begins:
            self("BEGIN")
        self.connection.executemany(statement, rows)
        if begins:
            self("COMMIT")

    def text(self, *texts: str) -> tuple[str | bytes, ...]:
        """As SQLite takes them: a file's name may hold bytes that are no UTF-8, which Python has as lone surrogates."""
        if "".join(texts).isascii():
            return texts
        self.connection.text_factory = lambda text: text.decode("utf-8", "surrogatepass")
        return tuple(text.encode("utf-8", "surrogatepass") for text in texts)


@contextlib.contextmanager
def open_scratch(tables: str) -> Iterator[TemporaryDatabase]:
    """A new database. Raises WorkError for what becomes of it, such as a full disk."""
    with contextlib.closing(sqlite3.connect("", isolation_level=None)) as connection:
        try:
            connection.executescript(f"PRAGMA journal_mode = OFF; {tables}")
            yield TemporaryDatabase(connection)
        except sqlite3.Error as error:
            raise WorkError(
                f"the list of pictures cannot be kept ({error}). It is a temporary file; "
                "the environment variable SQLITE_TMPDIR names a folder with room for it."
            ) from error
