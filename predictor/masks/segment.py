"""Prediction by a segmentation network: a mask for each picture, at the picture's own size."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from datatransformer.layout import DataFolder, read_colours
from predictor.engines.choice import check_engine
from predictor.masks.evaluation import evaluate
from predictor.masks.files import MaskFiles
from predictor.masks.segmenter import Network, segmented, segmented_by_tiles
from predictor.model import check_trained
from predictor.output import Output
from predictor.pictures import ImageFile
from predictor.reading import ImageReader
from settings import SettingError, bad_setting
from training.run_folder import RunFolder

UNSUPPORTED = {"policy": "mean", "top_k": 1}
"""Settings of classifiers, and what they are if nobody asks for them."""

SHARE_OF_OVERLAP = 8
"""Of a tile overlaps one part in so many, unless the settings say how much."""


class Segmentation:
    """What `predict` needs to know of it. Raises SettingError if the run cannot predict so."""

    task = "segmentation"

    def __init__(self, settings, runs: list[RunFolder]):
        errors = [
            bad_setting(name, getattr(settings, name), "is for runs of classifiers")
            for name, default in UNSUPPORTED.items()
            if getattr(settings, name) != default
        ]
        if len(runs) > 1:
            errors.append(
                bad_setting("run", ",".join(settings.run), "one run of segmentation predicts at a time; name one")
            )
        if settings.tta == "ten-crop":
            allowed = (
                "its crops show the middle of a picture often and the rest once; masks take none, flip, multi-scale"
            )
            errors.append(bad_setting("tta", settings.tta, allowed))
        errors += _faults_of_tiles(settings.tile, settings.overlap)
        if errors:
            raise SettingError(*errors)
        check_trained(runs[0])
        check_engine(runs[0], settings.engine, settings.precision)
        self.settings = settings
        self.network = Network(runs[0], settings.tta, settings.engine, settings.precision, bool(settings.tile))
        self.classes = runs[0].classes()
        self.files = MaskFiles(settings, self.classes, read_colours(runs[0].path))
        self.columns = self.files.columns
        self.depends_on = {"tta": settings.tta, "precision": settings.precision, "mask_files": self.files.kinds}
        if settings.tile:
            self.depends_on |= {"tile": settings.tile, "overlap": self.overlap}

    @property
    def overlap(self) -> int:
        """Of tiles, in pixels."""
        given = self.settings.overlap
        return self.settings.tile // SHARE_OF_OVERLAP if given is None else given

    def rows(
        self, rest: Iterable[ImageFile], output: Output, bar: Callable[[Iterable], Iterable]
    ) -> Iterator[tuple[list[str], list[list[object]]]]:
        settings = self.settings
        segment = partial(segmented_by_tiles, tile=settings.tile, overlap=self.overlap) if settings.tile else segmented
        reading = ImageReader(rest, output.reject, settings.workers, bar)
        for one in segment(self.network, reading, settings.batch_size):
            yield [one.name], [self.files.add(one)]

    def evaluate(self, output: Output, data: DataFolder) -> None:
        evaluate(self.files.written(data), data, output.path.with_name(f"{output.path.stem}.evaluation"))


def _faults_of_tiles(tile: int | None, overlap: int | None) -> list[str]:
    if overlap is None:
        return []
    if tile is None:
        return [bad_setting("overlap", overlap, "is that of tiles; give their size too, --tile 512")]
    if overlap > tile // 2:
        return [bad_setting("overlap", overlap, f"should be at most half of a tile, {tile // 2}")]
    return []
