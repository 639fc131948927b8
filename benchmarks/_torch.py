"""Prediction as users of PyTorch do it: a DataLoader whose workers decode with Pillow, a model of timm or of
segmentation_models_pytorch in eval mode, and torch.inference_mode."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

WORKERS = 2
BATCH_SIZE = 32
DECODER_FILTERS = (256, 128, 64, 32, 16)
"""The default of segmentation_models_pytorch."""

NAMES = {"classification": "timm", "segmentation": "segmentation_models_pytorch"}
NEEDS = {
    "classification": ("torch", "torchvision", "timm"),
    "segmentation": ("torch", "torchvision", "segmentation_models_pytorch"),
}
OPERATORS = ("nms", "qnms")

_libraries: list["torch.library.Library"] = []
"""Keeps the operators of `define_operators`, which end with their library."""


def define_operators() -> None:
    """Makes torchvision importable where its compiled operators do not load, as with another build of PyTorch.

    Its import describes these operators to PyTorch, so they must exist. No image classifier calls them.
    """
    import torch

    if not hasattr(torch.ops.torchvision, "nms"):
        library = torch.library.Library("torchvision", "FRAGMENT")
        for name in OPERATORS:
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _libraries.append(library)


class ImageFiles:
    """Image files as a map-style dataset of PyTorch."""

    def __init__(self, files: list[Path], transform: "Callable[[Image], torch.Tensor]"):
        self.files, self.transform = files, transform

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> "torch.Tensor":
        from PIL import Image

        with Image.open(self.files[index]) as image:
            return self.transform(image.convert("RGB"))


def classify(
    name: str, classes: int, size: int, photographs: Path, amount: int, folder: Path, channels_last: bool
) -> float:
    """Classifies with timm's transforms for the model: resize by the shorter side, crop the centre."""
    define_operators()
    import timm
    import torch

    model = timm.create_model(name, num_classes=classes)
    config = timm.data.resolve_data_config({"input_size": (3, size, size)}, model=model)
    transform = timm.data.create_transform(**config)
    predictions: list[tuple[float, int]] = []

    def collect(logits: torch.Tensor) -> None:
        probabilities, indices = torch.softmax(logits, 1).topk(1)
        predictions.extend(zip(probabilities[:, 0].tolist(), indices[:, 0].tolist(), strict=True))

    seconds = _predict(model, ImageFiles(_files(photographs, amount), transform), size, channels_last, collect)
    assert len(predictions) == amount
    return seconds


def segment(
    name: str, classes: int, size: int, photographs: Path, amount: int, folder: Path, channels_last: bool
) -> float:
    """Segments with a U-Net on ResNet-34. As in SceneLab, logits are resized to the image and masks written as PNG."""
    define_operators()
    import segmentation_models_pytorch
    import torch
    from PIL import Image
    from torchvision.transforms import v2

    first = Image.open(_files(photographs, 1)[0])
    mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    steps = [v2.Resize((size, size)), v2.PILToTensor(), v2.ToDtype(torch.float32, True), v2.Normalize(mean, deviation)]
    model = segmentation_models_pytorch.Unet(
        "resnet34", encoder_weights=None, decoder_channels=DECODER_FILTERS, classes=classes
    )
    output, written = folder / "pytorch", 0
    output.mkdir(exist_ok=True)

    def write_masks(logits: torch.Tensor) -> None:
        nonlocal written
        logits = torch.nn.functional.interpolate(logits, first.size[::-1], mode="bilinear")
        for mask in logits.argmax(1).to(torch.uint8).numpy():
            Image.fromarray(mask).save(output / f"{written:06d}.png")
            written += 1

    images = ImageFiles(_files(photographs, amount), v2.Compose(steps))
    seconds = _predict(model, images, size, channels_last, write_masks)
    assert written == amount
    return seconds


PREDICT = {"classification": classify, "segmentation": segment}


def _files(photographs: Path, amount: int) -> list[Path]:
    return sorted(photographs.iterdir())[:amount]


def _predict(
    model: "torch.nn.Module",
    images: ImageFiles,
    size: int,
    channels_last: bool,
    use: "Callable[[torch.Tensor], None]",
) -> float:
    """Seconds from the first file to the last call of `use`, which takes the logits of a batch; without warm-up."""
    import torch

    layout = torch.channels_last if channels_last else torch.contiguous_format
    model = model.eval().to(memory_format=layout)
    with torch.inference_mode():
        model(torch.zeros(BATCH_SIZE, 3, size, size).to(memory_format=layout))
        start = time.perf_counter()
        # forked, which is the default of a DataLoader, but not in a spawned process like this one
        batches = torch.utils.data.DataLoader(images, BATCH_SIZE, num_workers=WORKERS, multiprocessing_context="fork")
        for batch in batches:
            use(model(batch.to(memory_format=layout)))
        return time.perf_counter() - start
