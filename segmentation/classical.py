"""The baseline of every comparison: segmentation as it was before networks learnt it, by OpenCV (S0's title, S1).

`mean-shift`, `kmeans`, `otsu`, `histogram` and `canny` part a picture into regions (`segmentation.regions`), which have
no names: the classes of a mask are `region 0`, `region 1` and so on. With `--match DATA` regions get the classes of a
data folder by majority on its training masks, once, before any picture is predicted (`segmentation.codebook`);
`--evaluate DATA` matches with its training masks and says how good that is on its validation masks.

The files are those of `python -m predictor`. TensorFlow is not needed.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from command import run
from datatransformer.images import UnreadableImage, read_image
from datatransformer.layout import DataFolder
from predictor.masks.evaluation import evaluate
from predictor.masks.files import MaskFiles, Segmented
from predictor.output import Output
from predictor.pictures import ImageFile
from predictor.predict import carry_out, check_output, data_to_evaluate, read_data_of
from predictor.reading import ImageReader
from segmentation import regions
from segmentation.codebook import Codebook, describe, make_codebook, votes
from settings import SettingError, WorkError, bad_setting
from storage.parallel import in_parallel

METHODS = {
    "mean-shift": (regions.mean_shift, {"regions": 100, "spatial_radius": 8, "colour_radius": 16.0}),
    "kmeans": (regions.kmeans, {"regions": 8, "seed": 0}),
    "otsu": (regions.otsu, {}),
    "histogram": (regions.histogram, {"regions": 6}),
    "canny": (regions.canny, {"regions": 100}),
}
"""The function of each and its settings, as they are if nobody gives them."""

OF_METHODS = ("regions", "spatial_radius", "colour_radius", "seed")
OPEN_PER_WORKER = 2
"""Pictures at a time: to segment one takes longer than to read it."""


def classical(settings) -> None:
    """Raises SettingError or WorkError if nothing can be segmented; a picture that cannot be read is listed."""
    check_output(settings)
    _check_method(settings)
    data = data_to_evaluate(settings, "segmentation") if settings.evaluate else None
    match = read_data_of(settings, "match", "segmentation") if settings.match else data
    if data and match.classes != data.classes:
        raise SettingError(bad_setting("match", match.path, f"has other classes than {data.path}"))
    carry_out(settings, Classical(settings, match), data, settings.method)


def _check_method(settings) -> None:
    """Raises SettingError for settings that would change nothing."""
    used = [*METHODS[settings.method][1], *["seed"] * bool(settings.match or settings.evaluate)]
    allowed = f"would change nothing: {settings.method} has {', '.join(used) or 'no settings'}"
    errors = [
        bad_setting(name, getattr(settings, name), allowed)
        for name in OF_METHODS
        if getattr(settings, name) is not None and name not in used
    ]
    if errors:
        raise SettingError(*errors)


class Classical:
    """What `carry_out` needs to know of a method.

    `match` is the data folder whose classes regions get, None if they keep their numbers.
    """

    def __init__(self, settings, match: DataFolder | None):
        function, defaults = METHODS[settings.method]
        given = {name: value for name in defaults if (value := getattr(settings, name)) is not None}
        self.settings, self.match, self.seed = settings, match, settings.seed or 0
        self.parameters = defaults | given
        self.labels = partial(function, **self.parameters)
        count = self.parameters.get("regions", 2)
        names = match.classes if match else [f"region {number}" for number in range(count)]
        self.files = MaskFiles(settings, names, match.colours if match else [None] * count)
        self.columns = self.files.columns
        self.depends_on = {
            "method": settings.method,
            **self.parameters,
            "mask_files": self.files.kinds,
            "match": [str(match.path.resolve()), self.seed] if match else None,
        }

    def rows(
        self, rest: Iterable[ImageFile], output: Output, bar: Callable[[Iterable], Iterable]
    ) -> Iterator[tuple[list[str], list[list[object]]]]:
        reading = ImageReader(rest, output.reject, self.settings.workers, bar)
        for (one,) in reading.batches(partial(self._segment, self._codebook()), 1, OPEN_PER_WORKER):
            yield [one.name], [self.files.add(Segmented(one.name, *one.decoded))]

    def evaluate(self, output: Output, data: DataFolder) -> None:
        evaluate(self.files.written(data), data, output.path.with_name(f"{output.path.stem}.evaluation"))

    def _segment(self, codebook: Codebook | None, content: bytes) -> tuple[np.ndarray, np.ndarray]:
        """A picture file's bytes -> the picture and its mask."""
        picture = decode(content)
        labels = self.labels(picture)
        return picture, codebook.mask(describe(picture, labels)) if codebook else labels.astype(np.uint8)

    def _codebook(self) -> Codebook | None:
        if self.match is None:
            return None
        pairs = list(zip(self.match.images("train"), self.match.masks("train"), strict=True))
        described = in_parallel(self._describe, pairs, self.settings.workers, OPEN_PER_WORKER)
        shown = tqdm(described, "matching", len(pairs), unit=" images", disable=None, leave=False)
        return make_codebook(shown, self.seed)

    def _describe(self, pair: tuple[str, str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The features, areas and votes of a training picture's regions."""
        try:
            picture, truth = (
                decode(read_image(Path(pair[0])).content),
                decode(read_image(Path(pair[1])).content)[..., 0],
            )
        except UnreadableImage as error:
            raise WorkError(f"The training picture {pair[0]} or its mask cannot be read: {error}") from error
        described = describe(picture, self.labels(picture))
        return described.features, described.areas, votes(described.regions, truth, len(self.match.classes))


def decode(content: bytes) -> np.ndarray:
    """A picture file's bytes -> RGB uint8 (height, width, 3). Raises UnreadableImage."""
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB)
    if picture is None:
        raise UnreadableImage("cannot be decoded")
    return picture


if __name__ == "__main__":
    run("python -m segmentation.classical", "ClassicalConfig", classical)
