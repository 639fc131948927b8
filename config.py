"""Everything that you edit. One class a command; change the values in place, the text below each says what it does.

Each field is also a flag (`val_fraction` is `--val-fraction`) and an environment variable
(`SCENELAB_VAL_FRACTION`); a flag wins over a variable, a variable over this file.
"""

from typing import Annotated, Literal

from pydantic import Field

from settings import File, Folder, ImageSize, Listed, RunName, Settings, UserPath

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Count = Annotated[int, Field(ge=1)]


class DataTransformerConfig(Settings):
    """`python -m datatransformer`: raw pictures and their labels in, a data folder for training out."""

    source: Literal["labels", "folders", "scenes", "squares"] = "scenes"
    """What your raw data look like.
    labels: a folder of pictures and a file that says which label each has.
    folders: one folder a class, with the pictures of that class inside.
    scenes, squares: nothing yet; draw a small data set to try things on."""

    raw_images: Folder | None = None
    """The folder with your pictures (sources labels and folders). It is only read."""

    raw_labels: File | None = None
    """The file with the labels (source labels): CSV or TSV with or without a header, lines of `name label`,
    or a JSON list of objects with image_id and label_id."""

    class_names: File | None = None
    """If the labels are numbers, a CSV of `label,name` with the name of each. Images with other labels are left out."""

    data: UserPath = "data"
    """The data folder to make. It appears when it is whole; until then the work is in a folder `data.partial`."""

    task: Literal["classification", "segmentation"] | None = None
    """What the data folder is for. Empty: what the source is for; only scenes can be drawn for both."""

    val_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Share of the images of each class that is kept apart for validation."""

    link: Literal["copy", "hardlink", "symlink"] = "copy"
    """How an image gets into the data folder. hardlink and symlink take no disk space; hardlink needs raw and data
    on one disk, symlink needs the raw folder to stay. Images that must be converted are always written anew."""

    overwrite: bool = False
    """Replace a data folder that was made with other settings or from other pictures."""

    pictures: Annotated[int, Field(ge=10)] | None = None
    """How many pictures a generator draws. Empty: 1000 scenes, or 100 squares for training and 100 for validation."""

    picture_size: Annotated[int, Field(ge=32, le=4096)] | None = None
    """Height and width in pixels of what a generator draws. Empty: 160 for scenes, 512 for squares (which need 128)."""

    workers: Count | None = None
    """How many images are worked on at the same time. Empty: one a processor core."""

    seed: Seed = 0
    """Decides which images go to validation, and what the generators draw. The same seed gives the same result."""


class TrainingConfig(Settings):
    """What every training command takes, whatever it trains."""

    data: UserPath = "data"
    """The data folder that `python -m datatransformer` has made."""

    runs: UserPath = "runs"
    """The folder for runs. Each run is a folder in it with checkpoints, history and figures."""

    name: RunName | None = None
    """Name of this run's folder. Empty: the model's name."""

    epochs: Count = 60
    """The most epochs (passes over the training images) in all, stages and resumed runs together."""

    steps_per_epoch: Count | None = None
    """Batches in an epoch. Empty: as many as the training images fill."""

    batch_size: Count = 32
    """Images in a batch, over all devices together. Less if memory runs out."""

    image_size: ImageSize | None = None
    """Size in pixels that images are brought to: 96, or height x width as 180x240. Empty: what suits the model."""

    weights: str = "auto"
    """What the backbone starts from: imagenet (downloaded by Keras), none (random numbers) or a file
    (.keras, .weights.h5, .h5) of a whole model or a backbone. auto: imagenet where the backbone has such weights."""

    freeze: int = 0
    """Layers of the backbone that do not learn, as Python's slice layers[:N]: 0 none, 50 the first fifty,
    -20 all but the last twenty."""

    optimizer: Literal["adam", "adamw", "sgd", "momentum"] = "adam"
    """How weights follow the gradient. momentum is sgd with a momentum of 0.9."""

    schedule: Literal["stages", "constant", "cosine"] = "stages"
    """stages: each learning rate until validation no longer improves, then the next from the best weights so far.
    constant: the first learning rate for all epochs. cosine: from the first learning rate down to zero."""

    learning_rates: Annotated[Listed[Positive], Field(min_length=1)] = (1e-3, 1e-4, 1e-5)
    """The learning rate of each stage. Too large and the loss does not fall, too small and it takes for ever."""

    patience: Count = 6
    """A stage ends when validation accuracy has not risen for this many epochs."""

    min_delta: Annotated[float, Field(ge=0, lt=1)] = 0.001
    """What counts as risen: validation accuracy better than the best so far by more than this (0.001 is 0.1 %)."""

    class_weights: Literal["none", "balanced"] = "none"
    """balanced: errors on rare classes cost more, in proportion to how rare they are."""

    augment: Literal["none", "light", "strong"] = "light"
    """Random changes to training images, new each epoch. light: crop, mirror, light. strong: also turn and colour."""

    cache: Literal["none", "memory", "disk"] = "memory"
    """Where decoded training images are kept between epochs: nowhere, in memory, or in the run's folder."""

    resume: Literal["best", "last", "never"] = "best"
    """When the run was interrupted. best: go on from its best weights. last: from exactly where it stopped.
    never: begin anew; the old run is moved to the folder `.old` beside it."""

    keep_checkpoints: bool = False
    """Keep a checkpoint of every epoch, not only the best and the last."""

    strategy: Literal["auto", "none", "mirrored"] = "auto"
    """Devices. auto: all GPUs if there are two or more. none: one device. mirrored: all GPUs, or all CPU devices."""

    verbose: Literal["bar", "line", "none"] = "bar"
    """What is shown of an epoch: a moving bar, one line at its end, or nothing."""

    seed: Seed = 0
    """Start of all random numbers: two runs with one seed on one CPU give the same numbers."""


class ClassifierConfig(TrainingConfig):
    """`python -m classifiers.NAME`: a data folder in, a run with a trained classifier out."""

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of the features that is left out at random before the last layer while training; against over-fitting."""


class InceptionResNetV2Config(ClassifierConfig):
    """`python -m classifiers.inception_resnet_v2`: a classifier with one more choice."""

    stem: Literal["keras", "paper"] = "keras"
    """The first layers: as Keras has them (those of Inception-ResNet-v1), or as the paper on v2 draws them."""


class PredictorConfig(Settings):
    """`python -m predictor`: a run and pictures in, a CSV of predictions out."""

    runs: UserPath = "runs"
    """The folder of runs in which `run` is looked for."""

    run: Listed[str] = ()
    """Name of a run, or path to its folder. Empty: the only run there is. Of several, A,B, the first is used."""

    test_images: Annotated[str, Field(min_length=1)] = "data/val"
    """What to predict: a folder (with all its folders), a picture, or a pattern such as "photos/*.jpg"."""

    output: UserPath = "predictions.csv"
    """The CSV to write. Pictures that cannot be read are listed beside it, in `predictions.rejected.csv`."""

    top_k: Count = 1
    """How many of the most probable classes are written for each picture."""

    batch_size: Count = 32
    """Pictures that go through the model at a time."""

    overwrite: bool = False
    """Replace an output that was made by another run, or of other pictures."""

    workers: Count | None = None
    """How many pictures are read at the same time. Empty: one a processor core."""
