"""Segmentation by a run: writes a mask for each image, at the image's own size."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from datatransformer.layout import DataFolder, read_colours
from predictor.engines.choice import check_engine
from predictor.images import ImageFile
from predictor.masks.files import MaskFiles
from predictor.masks.segmenter import Network, segment_by_tiles, segment_images
from predictor.model import check_trained
from predictor.output import Output
from predictor.reading import ImageReader, ProgressBar
from predictor.task import PredictedRows, PredictionTask, Reject, Scores
from settings import SettingError, bad_setting
from training.run_folder import RunFolder

if TYPE_CHECKING:
    from config import PredictorConfig

TILES_PER_OVERLAP = 8
"""Without the setting `overlap`, tiles share one part in this many of their side."""


class SegmentationTask(PredictionTask):
    """Implements `PredictionTask` for segmentation networks. Raises SettingError for wrong settings."""

    evaluation_columns = ()

    def __init__(self, settings: "PredictorConfig", runs: list[RunFolder]):
        if errors := _wrong_settings(settings, runs):
            raise SettingError(*errors)
        run = runs[0]
        check_trained(run)
        check_engine(run, settings.engine, settings.precision)
        self.settings = settings
        self.network = Network(
            run, settings.tta, settings.engine, settings.precision, bool(settings.tile), settings.batch_size
        )
        self.classes = run.classes()
        self.pixel_range = run.pixel_range()
        self.files = MaskFiles(settings, self.classes, read_colours(run.path))
        self.columns = self.files.columns
        self.depends_on = {"tta": settings.tta, "precision": settings.precision, "mask_files": self.files.kinds}
        if settings.tile:
            self.depends_on |= {"tile": settings.tile, "overlap": _overlap(settings.tile, settings.overlap)}

    def rows(self, images: Iterable[ImageFile], reject: Reject, progress: ProgressBar) -> PredictedRows:
        settings = self.settings
        reader = ImageReader(images, reject, settings.workers, progress, self.pixel_range)
        if settings.tile:
            overlap = _overlap(settings.tile, settings.overlap)
            segmented = segment_by_tiles(self.network, reader, settings.tile, overlap)
        else:
            segmented = segment_images(self.network, reader)
        for one in segmented:
            yield [one.name], [self.files.add(one)]

    def finish(self) -> None:
        self.files.finish()

    def evaluate(self, output: Output, data: DataFolder) -> Scores:
        from predictor.masks.evaluation import evaluate_masks

        return evaluate_masks(self.files.read_validation(data), data, output.evaluation)


def _overlap(tile: int, overlap: int | None) -> int:
    """Pixels that neighbouring tiles share."""
    return tile // TILES_PER_OVERLAP if overlap is None else overlap


def _wrong_settings(settings: "PredictorConfig", runs: list[RunFolder]) -> list[str]:
    errors: list[str] = []
    if len(runs) > 1:
        errors.append(bad_setting("run", settings.run, "masks are predicted by one run at a time; name one"))
    if settings.tta == "ten-crop":
        problem = "does not cover all pixels of an image equally; masks take none, flip or multi-scale"
        errors.append(bad_setting("tta", settings.tta, problem))
    tile, overlap = settings.tile, settings.overlap
    if overlap is not None and tile is None:
        errors.append(bad_setting("overlap", overlap, "is the overlap of tiles; give their size too: --tile 512"))
    elif overlap is not None and tile is not None and overlap > tile // 2:
        errors.append(bad_setting("overlap", overlap, f"should be at most half of a tile, {tile // 2}"))
    return errors
