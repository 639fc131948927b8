"""The way of PyTorch's users: a DataLoader whose workers decode by Pillow, a model of timm or of
segmentation_models_pytorch in eval mode, torch.inference_mode."""

import time
from collections.abc import Callable
from pathlib import Path

WORKERS = 2
BATCH_SIZE = 32
DECODER = (256, 128, 64, 32, 16)
"""Channels of the decoder of segmentation_models_pytorch."""

NAMES = {"classification": "timm", "segmentation": "segmentation_models_pytorch"}
NEEDS = {
    "classification": ("torch", "torchvision", "timm"),
    "segmentation": ("torch", "torchvision", "segmentation_models_pytorch"),
}
OPERATORS = ("nms", "qnms")


def define_operators() -> None:
    """So that torchvision can be imported where its compiled operators do not load, as beside another build of PyTorch.

    It describes them to PyTorch as it is imported, and so needs them to be there; no picture classifier calls them.
    """
    import torch

    if not hasattr(torch.ops.torchvision, "nms"):
        library = torch.library.Library("torchvision", "FRAGMENT")
        for name in OPERATORS:
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        define_operators.kept = library  # what it defines goes with it


class Files:
    """Pictures as a data set of PyTorch's."""

    def __init__(self, files: list[Path], transform: Callable):
        self.files, self.transform = files, transform

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int):
        from PIL import Image

        with Image.open(self.files[index]) as image:
            return self.transform(image.convert("RGB"))


def classify(
    name: str, classes: int, size: int, photographs: Path, amount: int, folder: Path, channels_last: bool
) -> float:
    """With timm's own transforms for that model: resize by the shorter side, crop the middle."""
    define_operators()
    import timm
    import torch

    model = timm.create_model(name, num_classes=classes)
    config = timm.data.resolve_data_config({"input_size": (3, size, size)}, model=model)
    transform = timm.data.create_transform(**config)
    found = []

    def take(logits) -> None:
        found.extend(zip(*(part[:, 0].tolist() for part in torch.softmax(logits, 1).topk(1)), strict=True))

    seconds = _predict(model, Files(_files(photographs, amount), transform), size, channels_last, take)
    assert len(found) == amount
    return seconds


def segment(
    name: str, classes: int, size: int, photographs: Path, amount: int, folder: Path, channels_last: bool
) -> float:
    """Logits are brought to the size of the picture, as ours are, and a PNG is written of each mask."""
    define_operators()
    import segmentation_models_pytorch
    import torch
    from PIL import Image
    from torchvision.transforms import v2

    first = Image.open(_files(photographs, 1)[0])
    mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    steps = [v2.Resize((size, size)), v2.PILToTensor(), v2.ToDtype(torch.float32, True), v2.Normalize(mean, deviation)]
    model = segmentation_models_pytorch.Unet(
        "resnet34", encoder_weights=None, decoder_channels=DECODER, classes=classes
    )
    output, written = folder / "theirs", 0
    output.mkdir(exist_ok=True)

    def take(logits) -> None:
        nonlocal written
        logits = torch.nn.functional.interpolate(logits, first.size[::-1], mode="bilinear")
        for mask in logits.argmax(1).to(torch.uint8).numpy():
            Image.fromarray(mask).save(output / f"{written:06d}.png")
            written += 1

    seconds = _predict(model, Files(_files(photographs, amount), v2.Compose(steps)), size, channels_last, take)
    assert written == amount
    return seconds


PREDICT = {"classification": classify, "segmentation": segment}


def _files(photographs: Path, amount: int) -> list[Path]:
    return sorted(photographs.iterdir())[:amount]


def _predict(model, files: Files, size: int, channels_last: bool, take: Callable) -> float:
    """Seconds from the first file to the last answer, with which `take` is called. The model is warm by then."""
    import torch

    layout = torch.channels_last if channels_last else torch.contiguous_format
    model = model.eval().to(memory_format=layout)
    with torch.inference_mode():
        model(torch.zeros(BATCH_SIZE, 3, size, size).to(memory_format=layout))
        begin = time.perf_counter()
        # forked, as they are unless their process was spawned itself, as here
        batches = torch.utils.data.DataLoader(files, BATCH_SIZE, num_workers=WORKERS, multiprocessing_context="fork")
        for batch in batches:
            take(model(batch.to(memory_format=layout)))
        return time.perf_counter() - begin
