"""One reader a kind of raw data. A new kind is a new module here with `TASKS`, the `SETTINGS` it uses, and `read`."""

import importlib


def reader(source: str):
    """The module that reads `source`."""
    return importlib.import_module(f"datatransformer.sources.{source}")
