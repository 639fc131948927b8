"""The command `python -m datatransformer`: makes a data folder for training from raw images and their labels."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from command import run

if TYPE_CHECKING:
    from config import DataTransformerConfig


def main(settings: "DataTransformerConfig") -> Mapping[str, object]:
    from datatransformer.source_choice import with_source

    settings = with_source(settings)  # refuses wrong settings before NumPy, OpenCV and Pillow are imported

    from datatransformer.transformer import DataTransformer

    return DataTransformer(settings).run()


if __name__ == "__main__":
    run("python -m datatransformer", "DataTransformerConfig", main)
