"""Segments images by OpenCV methods that need no training: the baseline for segmentation networks.

`segmentation.classical_methods` divides an image into regions without names, so the classes of a mask are `region 0`,
`region 1` and so on. With `--match DATA`, regions get the classes of a data folder (`segmentation.codebook`): its
training masks are matched once, before the first image is segmented. `--evaluate DATA` does the same and then scores
the masks of the validation images of DATA.

The output files are those of `python -m predictor`. TensorFlow is not needed.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from command import run
from datatransformer.pictures.pixel_limit import allow_pixels
from predictor.output import check_csv
from predictor.writing import read_data_of_field, read_evaluation_data, write_predictions
from settings import SettingError, bad_setting, errors_if_given

if TYPE_CHECKING:
    from config import ClassicalConfig

DEFAULTS: dict[str, dict[str, int | float]] = {
    "mean-shift": {"regions": 100, "spatial_radius": 8, "colour_radius": 16.0},
    "kmeans": {"regions": 8, "seed": 0},
    "otsu": {},
    "histogram": {"regions": 6},
    "canny": {"regions": 100},
}
"""The settings that each method takes, with their defaults."""

METHOD_SETTINGS = ("regions", "spatial_radius", "colour_radius", "seed")
"""Settings that only some methods take."""


def classical(settings: "ClassicalConfig") -> Mapping[str, object]:
    """Segments the images and returns what `--json` prints. Unreadable images are listed.

    Raises SettingError or WorkError if nothing can be segmented.
    """
    check_csv(settings.output)
    allow_pixels(settings.max_pixels)
    check_method(settings)
    data = read_evaluation_data(settings, "segmentation")
    match = read_data_of_field(settings, "match", "segmentation") if settings.match else data
    if data and match and match.classes != data.classes:
        raise SettingError(bad_setting("match", settings.match, f"has other classes than {data.path}"))
    from segmentation.classical_task import ClassicalTask  # OpenCV and Matplotlib take longer to import than the checks

    task = ClassicalTask(settings, DEFAULTS[settings.method], match)
    return write_predictions(settings, task, data, settings.method)


def check_method(settings: "ClassicalConfig") -> None:
    """Raises SettingError for given settings that the method does not take. Matching takes a seed."""
    used = [*DEFAULTS[settings.method]]
    if settings.match or settings.evaluate:
        used.append("seed")
    unused = [name for name in METHOD_SETTINGS if name not in used]
    why = f"has no effect: {settings.method} takes {', '.join(used) or 'no settings'}; leave it out"
    if errors := errors_if_given(settings, unused, why):
        raise SettingError(*errors)


if __name__ == "__main__":
    run("python -m segmentation.classical", "ClassicalConfig", classical)
