"""A temporary SQLite database for long lists. It needs little memory and ends with the process."""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator

from settings import WorkError


class TemporaryDatabase:
    """A few tables on disk that hold text, numbers and bytes.

    Bind text as `text` returns it, with `CAST(? AS TEXT)` at its place in the statement.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __call__(self, statement: str, *values: object) -> sqlite3.Cursor:
        return self.connection.execute(statement, values)

    def each(self, statement: str, rows: Iterable[tuple]) -> None:
        """Executes the statement for each of the rows, which may come from the same database."""
        begins = not self.connection.in_transaction  # an iterator of rows may itself call this function
        if begins:
            self("BEGIN")
        self.connection.executemany(statement, rows)
        if begins:
            self("COMMIT")

    def text(self, *texts: str) -> tuple[str | bytes, ...]:
        """Texts as SQLite takes them.

        A file name may hold bytes that are not UTF-8, which Python represents as lone surrogates. SQLite takes them as
        bytes only.
        """
        if "".join(texts).isascii():
            return texts
        self.connection.text_factory = lambda text: text.decode("utf-8", "surrogatepass")
        return tuple(text.encode("utf-8", "surrogatepass") for text in texts)


def new_temporary_database(tables: str) -> TemporaryDatabase:
    """A new database with these tables, which ends with the last reference to it. Use it in `translated_errors`."""
    connection = sqlite3.connect("", isolation_level=None)
    connection.executescript(f"PRAGMA journal_mode = OFF; {tables}")
    return TemporaryDatabase(connection)


@contextlib.contextmanager
def open_temporary_database(tables: str) -> Iterator[TemporaryDatabase]:
    """A new database with these tables. Raises WorkError for errors of SQLite, such as a full disk."""
    with translated_errors():
        database = new_temporary_database(tables)
        with contextlib.closing(database.connection):
            yield database


@contextlib.contextmanager
def translated_errors() -> Iterator[None]:
    """Raises WorkError for errors of SQLite, such as a full disk."""
    try:
        yield
    except sqlite3.Error as error:
        raise WorkError(
            f"the list of images cannot be kept ({error}). It is a temporary file; "
            "the environment variable SQLITE_TMPDIR names a folder with room for it."
        ) from error
