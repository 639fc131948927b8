"""The kinds of raw data, one module each. A new kind is a new module here and its name in the Literal of config.py."""

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    from pathlib import Path

    from config import DataTransformerConfig
    from datatransformer.listing import Listing
    from datatransformer.report import Report


class Evidence(NamedTuple):
    """A reason to take the raw folder for data of some source.

    Attributes:
        reason: a clause: "photos holds ...".
        found: settings that the source needs and their values, as found in the raw folder.
        overrides: sources that this reason rules out, because they would misread the same folders.
    """

    reason: str
    found: "Mapping[str, Path]" = {}  # noqa: RUF012  # never written to
    overrides: tuple[str, ...] = ()


class Source(Protocol):
    """The content of a module of this package. It describes itself, so that no other module knows all sources.

    The module imports NumPy, OpenCV, Pillow and TensorFlow only inside `read`: all modules are imported to choose a
    source, and a wrong setting should be refused at once.
    """

    TASKS: tuple[str, ...]
    """The tasks that the data folder can be for. The first is the default."""

    SETTINGS: tuple[str, ...]
    """The fields of DataTransformerConfig that it uses, besides the ones that every source uses."""

    NAMED_BY: tuple[str, ...]
    """The fields that choose this source when they are given."""

    def recognises(self, settings: "DataTransformerConfig") -> list[Evidence]:
        """Every way to read the folder `raw_images` as this source; it looks at the first entries only."""

    def read(self, settings: "DataTransformerConfig", report: "Report") -> "Listing":
        """The images. It tells the report how it read the raw data. Raises SettingError and WorkError."""


def load_source(name: str) -> Source:
    return cast(Source, importlib.import_module(f"datatransformer.sources.{name.replace('-', '_')}"))
