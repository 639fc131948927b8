"""Prediction from files, decode included: engines and precisions, against timm and segmentation_models_pytorch."""

import contextlib
import io
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from benchmarks import _torch
from benchmarks._measure import Comparison, Variant, in_new_process, powers_of_ten
from benchmarks._pictures import write_pictures

PICTURES = (480, 640)
WARM_UP = 16
"""Pictures before the clock starts: models are loaded and converted by then."""

ENGINES = (("tensorflow", "f32"), ("openvino", "f32"), ("openvino", "bf16"), ("openvino", "int8"))


SIZES, CLASSES, LARGEST = (96, 224, 448, 896), (10, 100, 1_000, 10_000), 100_000
"""Of the curves: of heights and widths, of classes, of the number of pictures."""


class Network(NamedTuple):
    """What is compared: a backbone at a size, and how many photographs give a steady figure."""

    title: str
    backbone: str
    size: int
    amount: int
    task: str = "classification"
    classes: int = 5
    timm: str = ""

    @property
    def name(self) -> str:
        """Of its run."""
        return f"{self.backbone}-{self.size}-{self.classes}"


NETWORKS = (
    Network("ResNet50", "resnet50", 224, 256, timm="resnet50"),
    Network("Inception-ResNet-v2", "inception_resnet_v2", 299, 96, timm="inception_resnet_v2"),
    Network("MobileNetV2", "mobilenet_v2", 224, 1024, timm="mobilenetv2_100"),
    Network("U-Net on ResNet-34", "resnet34", 224, 128, task="segmentation", classes=8),
)


def comparisons(settings) -> Iterator[Comparison]:
    """Weights are random on both sides, which makes the work no other; masks are written as PNG by both."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        most = settings.amount or max(network.amount for network in NETWORKS)
        photographs = write_pictures(folder / "photographs", most, PICTURES, settings.pictures)
        for network in NETWORKS:
            in_new_process(make_run, network, folder)
            amount = settings.amount or network.amount
            yield Comparison(
                f"{network.title}, {network.size} x {network.size}: {amount} JPEGs of 640 x 480",
                "images",
                amount,
                [*_ours(network, folder, photographs, amount), *_theirs(network, folder, photographs, amount)],
                baseline=_torch.NAMES[network.task],
            )
        yield from _growth(folder, photographs, settings)


def _growth(folder: Path, photographs: Path, settings) -> Iterator[Comparison]:
    """Of MobileNetV2, which leaves most of the time and memory to what is around it."""

    def comparison(title: str, grows: str, ways: dict[int, tuple[Network, Path]]) -> Comparison:
        for network in {network for network, _ in ways.values()}:
            in_new_process(make_run, network, folder)
        amount = max(network.amount for network, _ in ways.values())
        return Comparison(f"MobileNetV2, openvino f32: {title}", "images", amount, growth=grows, ways=[
            Variant(
                f"{number:,}", predict, (network, folder, photographs, network.amount, "openvino", "f32"), ("openvino",)
            )
            for number, (network, photographs) in ways.items()
        ])  # fmt: skip

    def network(size: int, amount: int, classes: int = 5) -> Network:
        return Network("MobileNetV2", "mobilenet_v2", size, amount, classes=classes)

    some = settings.amount or 128
    yield comparison(f"{some} JPEGs of 640 x 480 against the size they are brought to", "height and width",
                     {size: (network(size, some), photographs) for size in SIZES})  # fmt: skip
    yield comparison(f"{some} JPEGs of 640 x 480 at 96 x 96 against the number of classes", "classes",
                     {count: (network(96, some, count), photographs) for count in CLASSES})  # fmt: skip
    ways = {
        count: (network(96, count), write_pictures(folder / f"{count}", count, (120, 160)))
        for count in powers_of_ten(min(settings.amount or LARGEST, LARGEST))
    }
    yield comparison("JPEGs of 160 x 120 at 96 x 96 against their number", "images", ways)


def _ours(network: Network, folder: Path, photographs: Path, amount: int) -> Iterator[Variant]:
    for engine, precision in ENGINES:
        needs = ("openvino",) * (engine == "openvino") + ("nncf",) * (precision == "int8")
        yield Variant(
            f"{engine} {precision}", predict, (network, folder, photographs, amount, engine, precision), needs
        )


def _theirs(network: Network, folder: Path, photographs: Path, amount: int) -> Iterator[Variant]:
    arguments = (network.timm, network.classes, network.size, photographs, amount, folder)
    for channels_last in (False, True):
        name = _torch.NAMES[network.task] + ", channels last" * channels_last
        yield Variant(name, _torch.PREDICT[network.task], (*arguments, channels_last), _torch.NEEDS[network.task])


def make_run(network: Network, folder: Path) -> float:
    """A run folder with such a model, and the data folder that int8 is calibrated on."""
    from backbones import backbone
    from command import class_in_config, import_tensorflow
    from datatransformer.layout import read_data_folder
    from datatransformer.transformer import DataTransformer
    from settings import read_settings
    from training.run_folder import RunFolder

    begin, data = time.perf_counter(), folder / network.task
    flags = ["--source", "scenes", "--task", network.task, "--pictures", "100", "--data", str(data)]
    with contextlib.redirect_stdout(io.StringIO()):
        DataTransformer(read_settings(class_in_config("DataTransformerConfig"), flags, "datatransformer")).run()
    classes = read_data_folder(data, network.task).classes
    import_tensorflow().keras.utils.set_random_seed(0)
    classes = [*classes, *(f"class {number}" for number in range(len(classes), network.classes))]
    run, spec = RunFolder(folder / network.name), backbone(network.backbone)
    kind = "classifier" if network.task == "classification" else network.task
    run.write_config(kind, network.backbone, {"seed": 0, "image_size": str(network.size), "data": str(data)}, classes)
    _model(network, spec, len(classes)).save(run.best)
    return time.perf_counter() - begin


def _model(network: Network, spec, classes: int):
    from types import SimpleNamespace

    from classifiers.network import build_classifier
    from segmentation.decoders import unet
    from segmentation.network import build_segmenter

    if network.task == "classification":
        return build_classifier(spec, (network.size, network.size, 3), classes, "none")
    filters = SimpleNamespace(decoder_filters=_torch.DECODER)  # of segmentation_models_pytorch and of --decoder-filters
    decoder = lambda images, maps: unet(images, maps, filters)  # noqa: E731
    return build_segmenter(spec, classes, "none", 0, spec.normalisation, decoder)


def predict(network: Network, folder: Path, photographs: Path, amount: int, engine: str, precision: str) -> float:
    """As `python -m predictor` does it, from a list of files to the CSV, and a mask each."""
    from command import class_in_config, import_tensorflow
    from predictor.output import Output
    from predictor.pictures import find_images
    from settings import read_settings
    from training.run_folder import RunFolder

    import_tensorflow()
    run = RunFolder(folder / network.name)
    flags = ["--engine", engine, "--precision", precision, "--output", str(folder / "ours.csv")]
    flags += ["--mask-files", "index"] * (network.task == "segmentation")
    settings = read_settings(class_in_config("PredictorConfig"), flags, "predictor")
    work = run.kind.load(run.kind.predictor)(settings, [run])
    output = Output(settings.output, work.columns)
    for _ in work.rows(islice(find_images(str(photographs)), WARM_UP), output, iter):
        pass
    output.clear()
    begin = time.perf_counter()
    with output:
        for names, rows in work.rows(islice(find_images(str(photographs)), amount), output, iter):
            output.add(names, rows)
    return time.perf_counter() - begin
