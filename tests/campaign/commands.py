"""The commands of the campaign and of the sweeps, with what each needs to be there before it."""

from pathlib import Path
from typing import NamedTuple

from tests.campaign.raw_data import draw_raw_data
from tests.kills import Commands

RAW = "raw data"


class Command(NamedTuple):
    """A command with what must be there before it. Its flags are for a folder that holds nothing else."""

    module: str
    flags: tuple[object, ...]
    needs: tuple[str, ...] = ()


FAST = ("--image-size", 32, "--batch-size", 8, "--verbose", "none")
SMALL = (*FAST, "--epochs", 2, "--resume", "last")
ON_DATA, ON_MASKS = ("--data", "data", "--runs", "runs"), ("--data", "mask-data", "--runs", "runs")
STAGES = ("--unfreeze-schedule", "head,all", "--learning-rates", "1e-3,1e-4", "--patience", 1, "--epochs", 3)
DRAWN = ("--source", "scenes", "--pictures", 20, "--picture-size", 32, "--workers", 1)
ON_RAW = ("--workers", 1, "--data", "new-data")
SCENES, TRAINED = ("data",), ("data", "training")
CLASSIFIED = ("--runs", "runs", "--run", "small", "--test-images", "data/val")
ENCODED = ("--encoding-files", "latents,reconstruction", "--output", "c.csv")
COMMANDS = {
    "data": Command("datatransformer", (*DRAWN, "--data", "data")),
    "masks data": Command("datatransformer", (*DRAWN, "--task", "segmentation", "--data", "mask-data")),
    "data again": Command("datatransformer", (*DRAWN, "--seed", 1, "--overwrite", "--data", "data"), ("data",)),
    "training": Command("classifiers.small", (*SMALL, *ON_DATA), SCENES),
    "masks training": Command("segmentation.unet", (*SMALL, "--backbone", "small", *ON_MASKS), ("masks data",)),
    "prediction": Command(
        "predictor", ("--runs", "runs", "--run", "small", "--evaluate", "data", "--output", "p.csv"), TRAINED
    ),
    "masks": Command(
        "predictor",
        ("--runs", "runs", "--run", "unet", "--test-images", "mask-data/val/images", "--output", "m.csv",
         "--mask-files", "index,overlay,coco,yolo"),
        ("masks data", "masks training"),
    ),
    "export": Command(
        "predictor.export", ("--runs", "runs", "--run", "small", "--format", "savedmodel", "--overwrite"), TRAINED
    ),
    "export again": Command(
        "predictor.export", ("--runs", "runs", "--run", "small", "--format", "savedmodel", "--overwrite"),
        (*TRAINED, "export"),
    ),
    "pack": Command("scenelab.pack_run", ("small", "--runs", "runs", "--overwrite"), TRAINED),
    "analysis": Command("analysis", ("small", "--runs", "runs", "--only", "curves,evaluation"), TRAINED),
    "class folders": Command("datatransformer", ("--raw-images", "raw/by_class", *ON_RAW), (RAW,)),
    "label table": Command(
        "datatransformer", ("--raw-images", "raw/photos", "--raw-labels", "raw/labels.csv", *ON_RAW), (RAW,)
    ),
    "several labels": Command(
        "datatransformer",
        ("--raw-images", "raw/photos", "--raw-labels", "raw/several.csv", "--labels", "several", *ON_RAW), (RAW,),
    ),
    "mask files": Command(
        "datatransformer", ("--raw-images", "raw/photos", "--raw-masks", "raw/masks", *ON_RAW), (RAW,)
    ),
    "annotations": Command(
        "datatransformer", ("--raw-images", "raw/photos", "--raw-labels", "raw/coco.json", *ON_RAW), (RAW,)
    ),
    "training, best": Command("classifiers.small", (*FAST, "--epochs", 2, *ON_DATA), SCENES),
    "training, EMA": Command("classifiers.small", (*SMALL, "--ema", 0.9, *ON_DATA), SCENES),
    "training, disk cache": Command("classifiers.small", (*SMALL, "--cache", "disk", *ON_DATA), SCENES),
    "training, stages": Command("segmentation.unet", (*SMALL, "--backbone", "small", *STAGES, *ON_MASKS),
                                ("masks data",)),
    "several labels training": Command(
        "classifiers.small", (*SMALL, "--data", "new-data", "--runs", "runs"), (RAW, "several labels")
    ),
    "auto-encoder": Command("generation.vae", (*SMALL, "--filters", "8,8", *ON_DATA), SCENES),
    "codes": Command(
        "predictor", ("--runs", "runs", "--run", "vae", "--test-images", "data/val", *ENCODED),
        ("data", "auto-encoder"),
    ),
    "shard": Command("predictor", (*CLASSIFIED, "--shard", "1/2", "--output", "s.csv"), TRAINED),
    "second shard": Command("predictor", (*CLASSIFIED, "--shard", "2/2", "--output", "s.csv"), TRAINED),
    "merge": Command("predictor.merge", ("--output", "s.csv"), (*TRAINED, "shard", "second shard")),
    "experiments": Command(
        "experiments",
        ("--module", "classifiers.small", "--data", "data", "--vary", "optimizer=adam,sgd", "--epochs", 1,
         "--set", "image_size=32"), SCENES,
    ),
}  # fmt: skip


def prepare(commands: Commands, command: Command, root: Path) -> None:
    """Makes what a command needs, and files of the user beside it, which are none of its business."""
    (root / "data.old").mkdir()
    (root / "data.old" / "notes.txt").write_text("Only copy.\n")
    for name in command.needs:
        if name == RAW:
            draw_raw_data(root / "raw")
        else:
            made = commands.run(COMMANDS[name].module, *COMMANDS[name].flags, root=root)
            assert made.code == 0, made.screen
