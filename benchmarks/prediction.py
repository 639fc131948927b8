"""Prediction from image files by each engine and precision, against timm and segmentation_models_pytorch."""

import contextlib
import io
import tempfile
import time
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from benchmarks import _torch
from benchmarks._images import write_images
from benchmarks._measure import Comparison, Variant, in_new_process, powers_of_ten

if TYPE_CHECKING:
    import keras

    from backbones import Backbone
    from config import BenchmarksConfig, DataTransformerConfig, PredictorConfig
    from predictor.task import PredictionTask

IMAGE_SIZE = (480, 640)
WARM_UP = 16
"""Images before the clock starts, in which models are loaded and converted."""

ENGINES = (("tensorflow", "f32"), ("openvino", "f32"), ("openvino", "bf16"), ("openvino", "int8"))

SIZES, CLASSES, LARGEST = (96, 224, 448, 896), (10, 100, 1_000, 10_000), 100_000
"""The points of the curves: height and width, number of classes, largest number of images."""

GROWTH_AMOUNT = 128
"""Images of the curves against the size and the number of classes."""


class Network(NamedTuple):
    """A measured network.

    Attributes:
        amount: images that give a steady measurement.
        timm: its name in timm; empty for segmentation.
    """

    title: str
    backbone: str
    size: int
    amount: int
    task: str = "classification"
    classes: int = 5
    timm: str = ""

    @property
    def run_name(self) -> str:
        return f"{self.backbone}-{self.size}-{self.classes}"


NETWORKS = (
    Network("ResNet50", "resnet50", 224, 256, timm="resnet50"),
    Network("Inception-ResNet-v2", "inception_resnet_v2", 299, 96, timm="inception_resnet_v2"),
    Network("MobileNetV2", "mobilenet_v2", 224, 1024, timm="mobilenetv2_100"),
    Network("U-Net on ResNet-34", "resnet34", 224, 128, task="segmentation", classes=8),
)


def comparisons(settings: "BenchmarksConfig") -> Iterator[Comparison]:
    """All programs use random weights, which does not change the work, and write masks as PNG."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        most = settings.amount or max(network.amount for network in NETWORKS)
        photographs = write_images(folder / "photographs", most, IMAGE_SIZE, settings.pictures)
        for network in NETWORKS:
            in_new_process(make_run, network, folder)
            amount = settings.amount or network.amount
            variants = [
                *_scenelab(network, folder, photographs, amount),
                *_pytorch(network, folder, photographs, amount),
            ]
            title = f"{network.title}, {network.size} x {network.size}: {amount} JPEGs of 640 x 480"
            yield Comparison(title, "images", amount, variants, baseline=_torch.NAMES[network.task])
        yield from _growth(folder, photographs, settings.amount)


def _growth(folder: Path, photographs: Path, amount: int | None) -> Iterator[Comparison]:
    """Curves of MobileNetV2. It is fast, so that most of the time and memory belongs to the rest of the program."""

    def network(size: int, count: int, classes: int = 5) -> Network:
        return Network("MobileNetV2", "mobilenet_v2", size, count, classes=classes)

    count = amount or GROWTH_AMOUNT
    sizes = {size: (network(size, count), photographs) for size in SIZES}
    title = f"{count} JPEGs of 640 x 480 against the image size"
    yield _growth_comparison(folder, title, "height and width", sizes)
    classes = {number: (network(96, count, number), photographs) for number in CLASSES}
    title = f"{count} JPEGs of 640 x 480 at 96 x 96 against the number of classes"
    yield _growth_comparison(folder, title, "classes", classes)
    counts = {
        number: (network(96, number), write_images(folder / f"{number}", number, (120, 160)))
        for number in powers_of_ten(min(amount or LARGEST, LARGEST))
    }
    yield _growth_comparison(folder, "JPEGs of 160 x 120 at 96 x 96 against their number", "images", counts)


def _growth_comparison(
    folder: Path, title: str, growth: str, variants: Mapping[int, tuple[Network, Path]]
) -> Comparison:
    """`variants` are the network and the folder of images by the value of the growing quantity."""
    for network in {network for network, _ in variants.values()}:
        in_new_process(make_run, network, folder)
    amount = max(network.amount for network, _ in variants.values())
    engine = ("openvino", "f32")
    measured = [
        Variant(f"{number:,}", predict, (network, folder, photographs, network.amount, *engine), ("openvino",))
        for number, (network, photographs) in variants.items()
    ]
    return Comparison(f"MobileNetV2, openvino f32: {title}", "images", amount, measured, growth=growth)


def _scenelab(network: Network, folder: Path, photographs: Path, amount: int) -> Iterator[Variant]:
    for engine, precision in ENGINES:
        needs = ("openvino",) * (engine == "openvino") + ("nncf",) * (precision == "int8")
        arguments = (network, folder, photographs, amount, engine, precision)
        yield Variant(f"{engine} {precision}", predict, arguments, needs)


def _pytorch(network: Network, folder: Path, photographs: Path, amount: int) -> Iterator[Variant]:
    arguments = (network.timm, network.classes, network.size, photographs, amount, folder)
    for channels_last in (False, True):
        name = _torch.NAMES[network.task] + ", channels last" * channels_last
        yield Variant(name, _torch.PREDICT[network.task], (*arguments, channels_last), _torch.NEEDS[network.task])


def make_run(network: Network, folder: Path) -> float:
    """Makes a run folder with the network, and the data folder for the calibration of int8. Returns the seconds."""
    from backbones import backbone
    from command import class_in_config, import_tensorflow
    from datatransformer.layout import read_data_folder
    from datatransformer.transformer import DataTransformer
    from settings import read_settings
    from training.run_folder import RunFolder

    start, data = time.perf_counter(), folder / network.task
    flags = ["--source", "scenes", "--task", network.task, "--pictures", "100", "--data", str(data)]
    settings = read_settings(class_in_config("DataTransformerConfig"), flags, "datatransformer")
    with contextlib.redirect_stdout(io.StringIO()):
        DataTransformer(cast("DataTransformerConfig", settings)).run()
    names = read_data_folder(data, network.task).classes
    import_tensorflow().keras.utils.set_random_seed(0)
    classes = [*names, *(f"class {number}" for number in range(len(names), network.classes))]
    run, spec = RunFolder(folder / network.run_name), backbone(network.backbone)
    kind = "classifier" if network.task == "classification" else network.task
    run.write_config(kind, network.backbone, {"seed": 0, "image_size": str(network.size), "data": str(data)}, classes)
    _model(network, spec, len(classes)).save(run.best)
    return time.perf_counter() - start


def _model(network: Network, spec: "Backbone", classes: int) -> "keras.Model":
    from classifiers.network import build_classifier
    from segmentation.decoders import unet
    from segmentation.network import build_segmenter

    if network.task == "classification":
        return build_classifier(spec, (network.size, network.size, 3), classes, "none")
    decoder = partial(unet, decoder_filters=_torch.DECODER_FILTERS)
    return build_segmenter(spec, classes, "none", 0, spec.normalisation, decoder)


def predict(network: Network, folder: Path, photographs: Path, amount: int, engine: str, precision: str) -> float:
    """Seconds of `python -m predictor` from a list of files to the CSV and the masks, without the warm-up."""
    from command import class_in_config, import_tensorflow
    from predictor.images import find_images
    from predictor.output import Output
    from settings import read_settings
    from training.run_folder import RunFolder

    import_tensorflow()
    run = RunFolder(folder / network.run_name)
    flags = ["--engine", engine, "--precision", precision, "--output", str(folder / "scenelab.csv")]
    flags += ["--mask-files", "index"] * (network.task == "segmentation")
    settings = cast("PredictorConfig", read_settings(class_in_config("PredictorConfig"), flags, "predictor"))
    task: PredictionTask = run.kind.load(run.kind.predictor)(settings, [run])
    output = Output(settings.output, task.columns)
    for _ in task.rows(islice(find_images(str(photographs)), WARM_UP), output.reject, iter):
        pass
    output.clear()
    start = time.perf_counter()
    with output:
        for names, rows in task.rows(islice(find_images(str(photographs)), amount), output.reject, iter):
            output.add(names, rows)
    return time.perf_counter() - start
