"""Everything that you edit. One class a command; change the values in place, the text below each says what it does.

Each field is also a flag (`val_fraction` is `--val-fraction`) and an environment variable
(`SCENELAB_VAL_FRACTION`); a flag wins over a variable, a variable over this file.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from settings import (
    DataService,
    File,
    Folder,
    Frozen,
    ImageSize,
    Listed,
    Positional,
    Repeated,
    RunName,
    Settings,
    UserPath,
    int_or_as_it_is,
)

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Count = Annotated[int, Field(ge=1)]
Counts = Annotated[Listed[Count], Field(min_length=1)]
Rates = Annotated[Listed[Positive], Field(min_length=1)]


class DataTransformerConfig(Settings):
    """`python -m datatransformer`: raw pictures and their labels in, a data folder for training out."""

    source: Literal["labels", "folders", "masks", "voc", "tfds", "scenes", "squares"] = "scenes"
    """What your raw data look like.
    labels: a folder of pictures and a file that says which label each has.
    folders: one folder a class, with the pictures of that class inside.
    masks: a folder of pictures and one of masks, which say what each pixel shows.
    voc: a folder as PASCAL VOC has it, with JPEGImages, SegmentationClass and ImageSets.
    tfds: a set of TensorFlow Datasets, such as cifar10.
    scenes, squares: nothing yet; draw a small data set to try things on."""

    raw_images: Folder | None = None
    """The folder with your pictures (sources labels, folders, masks and voc). It is only read."""

    raw_masks: Folder | None = None
    """The folder with the masks (source masks), named as their pictures but for a prefix or suffix they all share.
    Empty: the folder beside that of the pictures that is called so, such as trainannot beside train."""

    raw_labels: File | None = None
    """The file with the labels (source labels): CSV or TSV with or without a header, lines of `name label`,
    or a JSON list of objects with image_id and label_id."""

    class_names: File | None = None
    """If the labels are numbers, a CSV of `label,name` with the name of each. Images with other labels are left out.
    For masks a name a line, lines of `R G B name` if they are in colour, or a CSV of index,name,red,green,blue."""

    merge_classes: File | None = None
    """A CSV of `from,to`: classes of the masks that become one, for example CamVid's 32 into 11."""

    void: str | None = None
    """What in the masks is no class, neither learnt nor counted: its index, its name or its colour `R,G,B`."""

    tfds_name: str | None = None
    """Which set (source tfds): a name of https://www.tensorflow.org/datasets with images and labels."""

    data_dir: UserPath | None = None
    """Where TensorFlow Datasets keeps its sets (source tfds): what is prepared there is read, else it is downloaded.
    Empty: ~/tensorflow_datasets."""

    data: UserPath = "data"
    """The data folder to make. It appears when it is whole; until then the work is in a folder `data.partial`."""

    task: Literal["classification", "segmentation"] | None = None
    """What the data folder is for. Empty: what the source is for; only scenes can be drawn for both."""

    split: Literal["auto", "ratio", "sequences"] = "auto"
    """Which images are for validation. auto: those that the raw data say, else as ratio. ratio: a random share of each
    class. sequences: the last share of each video, so that no neighbours of training images are among them; the frames
    of a video have one name but for their number."""

    val_list: File | None = None
    """A list of the images that are for validation, a name a line; all others are for training."""

    val_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Share of the images of each class that is kept apart for validation."""

    link: Literal["copy", "hardlink", "symlink"] = "copy"
    """How an image gets into the data folder. hardlink and symlink take no disk space; hardlink needs raw and data
    on one disk, symlink needs the raw folder to stay. Images that must be converted are always written anew."""

    verify: bool = True
    """Decode every image before it is taken (sources labels and folders). --no-verify takes a file that begins and
    ends as a plain JPEG or PNG does unread, several times as fast; all others are still opened. What is damaged in
    between then stops the training that comes upon it, and --verify would have named it: for images that were checked
    before."""

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
    """What every training command takes, whatever it trains.

    Settings marked with * take a value for all stages, or one for each: 180x240,360x480.
    """

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

    batch_size: Counts = 32
    """* Images in a batch, over all devices together. Less if memory runs out."""

    image_size: Listed[ImageSize] = ()
    """* Size in pixels that images are brought to: 96, or height x width as 180x240. Empty: what suits the model.
    180x240,360x480 trains at half size first, which is fast, and goes on at full size from there."""

    find_lr: bool = False
    """Train nothing: try ever larger learning rates for a hundred batches, draw the loss and suggest a rate."""

    optimizer: Literal["adam", "adamw", "sgd", "momentum"] = "adam"
    """How weights follow the gradient. momentum is sgd with a momentum of 0.9."""

    schedule: Literal["stages", "constant", "cosine", "one-cycle"] = "stages"
    """stages: each learning rate until validation no longer improves, then the next from the best weights so far.
    constant: one learning rate for all epochs. cosine: from the learning rate down to zero. one-cycle: up to it in the
    first quarter and down to nothing, momentum the other way. With several sizes or an unfreeze schedule the last three
    give each stage an even share of the epochs."""

    learning_rates: Rates = (1e-3, 1e-4, 1e-5)
    """* The learning rate of each stage. Too large and the loss does not fall, too small and it takes for ever."""

    patience: Count = 6
    """A stage ends when validation accuracy has not risen for this many epochs."""

    min_delta: Annotated[float, Field(ge=0, lt=1)] = 0.001
    """What counts as risen: validation accuracy better than the best so far by more than this (0.001 is 0.1 %)."""

    weight_decay: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Pulls weights towards zero, but not biases and norms, against over-fitting: 0.0001 to 0.05. Empty: 0.01 for
    adamw, none for the others."""

    clip_norm: Positive | None = None
    """Gradients longer than this are shortened to it, if training jumps about. Empty: as they are."""

    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Validate and keep the moving average of the weights: 0.99 averages over about 100 batches. Empty: as they are."""

    mixed_precision: bool = False
    """Compute with 16 bits where that is safe: float16 on GPUs, bfloat16 on others. Less memory, faster on new GPUs."""

    jit: bool = False
    """Compile each step by XLA, also where Keras does not by itself: on GPUs it mostly does, on CPUs it is slower."""

    steps_per_execution: Count = 1
    """Batches that are trained on in one go, for models so small that Python's part of a step counts. An epoch is a
    multiple of it; learning rates of cosine and one-cycle, and Ctrl-C, take effect between two goes."""

    cache: Literal["none", "memory", "disk"] = "memory"
    """Where decoded training images are kept between epochs: nowhere, in memory, or in the run's folder."""

    resume: Literal["best", "last", "never"] = "best"
    """When the run was interrupted. best: go on from its best weights. last: from exactly where it stopped.
    never: begin anew; the old run is moved to the folder `.old` beside it."""

    keep_checkpoints: bool = False
    """Keep a checkpoint of every epoch, not only the best and the last."""

    strategy: Literal["auto", "none", "mirrored", "multi-worker"] = "auto"
    """Devices. auto: all GPUs if there are two or more. none: one device. mirrored: all GPUs, or all CPU devices.
    multi-worker: those of several machines, each of which runs this command with the same settings and its own
    TF_CONFIG, or all by srun in a SLURM job; runs is then one folder that all of them see."""

    worker_timeout: Count = 300
    """Seconds that each machine waits for all of them to come up (strategy multi-worker)."""

    data_service: DataService | None = None
    """The dispatcher of a tf.data service, grpc://host:port, whose workers then make the training batches: see
    `python -m training.data_service`. They must see data and, with cache disk, runs under the same paths as this
    machine. With one such worker the numbers are those without; several may change the order of batches a little."""

    verbose: Literal["bar", "line", "none"] = "bar"
    """What is shown of an epoch: a moving bar, one line at its end, or nothing."""

    seed: Seed = 0
    """Start of all random numbers: two runs with one seed on one CPU give the same numbers."""


class DataServiceConfig(Settings):
    """`python -m training.data_service`: makes training batches on this machine for commands with `--data-service`."""

    role: Literal["dispatcher", "worker"] = "dispatcher"
    """dispatcher: the one that training commands are told of. worker: makes batches; as many as there are machines."""

    port: Annotated[int, Field(ge=1, lt=2**16)] = 5050
    """Where it listens. On one machine each needs its own."""

    dispatcher: DataService | None = None
    """The dispatcher that a worker works for, grpc://host:port."""

    host: str = "localhost"
    """The name or address of this machine by which training commands reach a worker."""


class SupervisedConfig(TrainingConfig):
    """What every training command takes that stands on a backbone and learns from labels or masks."""

    normalise: Literal["backbone", "imagenet", "dataset"] = "backbone"
    """How colours become the numbers that the network sees; part of the saved model. backbone: as its weights were
    trained. imagenet: less the mean of ImageNet, over its deviation. dataset: those of your own training images."""

    weights: str = "auto"
    """What the backbone starts from: imagenet (downloaded by Keras), none (random numbers) or a file
    (.keras, .weights.h5, .h5) of a whole model or a backbone. auto: imagenet where the backbone has such weights."""

    freeze: int = 0
    """Layers of the backbone that do not learn, as Python's slice layers[:N]: 0 none, 50 the first fifty,
    -20 all but the last twenty."""

    unfreeze_schedule: Listed[Frozen] = ()
    """What learns in each stage, for example head,-20,all with three rates: first only the new last layers, then the
    last 20 of the backbone too, then all. A number is as in `freeze`. Empty: `freeze` for all."""

    backbone_rate: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Less than 1: the backbone (the encoder) learns at this share of the learning rate, what is new behind it at all
    of it. 0.1 is usual for pre-trained weights."""

    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Less than 1: the nearer to the picture, the slower a layer learns. The backbone is cut in 12 parts, and each
    learns at this share of the rate of the part behind it (0.7 to 0.9 for pre-trained weights)."""

    stop_at: Annotated[float, Field(gt=0, le=1)] | None = None
    """Training ends when validation accuracy is as good as this, 0.9 say. Empty: it goes on."""

    recalibrate_bn: bool = False
    """After training give batch norm its statistics over the whole training set, and keep the better of both models.
    Helps where the running ones lag behind: high learning rates, small batches."""

    class_weights: str = "none"
    """What errors on each class cost. balanced: more for rare classes, in proportion. Or a CSV of `name,weight`."""

    augment: Literal["none", "light", "strong", "randaugment"] = "light"
    """Random changes to training images, new each epoch. light: crop, mirror, light. strong: also turn and colour.
    randaugment: two of fourteen strong changes each."""


class ClassifierConfig(SupervisedConfig):
    """`python -m classifiers.NAME`: a data folder in, a run with a trained classifier out."""

    cache: Literal["none", "memory", "disk", "features"] = "memory"
    """Where decoded training images are kept between epochs: nowhere, in memory, or in the run's folder. What is kept
    nowhere is cropped, by augment light, as it is decoded, from its full detail. features: what a frozen backbone
    (`freeze`, or head in `unfreeze_schedule`) makes of them is computed once and kept in the run's folder, and the last
    layers alone are trained on it, in a tenth of the time or less."""

    feature_views: Count = 1
    """Versions of each training image whose features are kept (cache features). 1: the image as it is. More: so many
    that `augment` and `random_erasing` change, of which each epoch draws one."""

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of the features that is left out at random before the last layer while training; against over-fitting."""

    loss: Literal["ce", "focal"] = "ce"
    """What is made small. ce: cross-entropy. focal: cross-entropy that cares less for what is right already."""

    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of a label that is spread over all classes, so that the network is less sure of itself: 0.1."""

    mixup: Annotated[float, Field(ge=0, le=10)] = 0.0
    """More than 0: training images are blended in pairs, and so are their labels; 0.2 a little, 1 a lot."""

    cutmix: Annotated[float, Field(ge=0, le=10)] = 0.0
    """More than 0: a rectangle of one training image is put into another; 1 is usual. With mixup each half the time."""

    random_erasing: Annotated[float, Field(ge=0, le=1)] = 0.0
    """The probability with which a rectangle of a training image is replaced by noise: 0.25."""


class InceptionResNetV2Config(ClassifierConfig):
    """`python -m classifiers.inception_resnet_v2`: a classifier with one more choice."""

    stem: Literal["keras", "paper"] = "keras"
    """The first layers: as Keras has them (those of Inception-ResNet-v1), or as the paper on v2 draws them."""


class EfficientNetV2Config(ClassifierConfig):
    """`python -m classifiers.efficientnet_v2`: a classifier of two sizes."""

    variant: Literal["s", "b0"] = "s"
    """s: 20 million parameters at 384x384 pixels. b0: 6 million at 224x224."""


class CifarConfig(ClassifierConfig):
    """`python -m classifiers.cifar_vgg16`: as S4 trained on CIFAR-10."""

    optimizer: Literal["adam", "adamw", "sgd", "momentum"] = "momentum"
    """How weights follow the gradient. momentum is sgd with a momentum of 0.9."""

    learning_rates: Rates = (0.05, 0.005, 0.0005)
    """* The learning rate of each stage. Too large and the loss does not fall, too small and it takes for ever."""

    batch_size: Counts = 128
    """* Images in a batch, over all devices together. Less if memory runs out."""

    weight_decay: Annotated[float, Field(ge=0, lt=1)] | None = 1e-3
    """Pulls weights towards zero, but not biases and norms, against over-fitting. Times the learning rate, once a
    batch: with a momentum of 0.9 it is the 0.0001 of He et al. 2016, who count it ten times by the momentum."""


class CifarResNetConfig(CifarConfig):
    """`python -m classifiers.cifar_resnet`: as He et al. 2016 and S4 trained on CIFAR-10."""

    depth: Annotated[Literal[20, 32, 44, 56, 110], BeforeValidator(int_or_as_it_is)] = 20
    """Layers with weights: 0.27, 0.46, 0.66, 0.85 or 1.7 million parameters."""

    learning_rates: Rates = (0.1, 0.01, 0.001)
    """* The learning rate of each stage. Too large and the loss does not fall, too small and it takes for ever."""


class SegmentationConfig(SupervisedConfig):
    """`python -m segmentation.NAME`: a data folder with masks in, a run with a trained network out."""

    crop: ImageSize | None = None
    """Train on random parts of this size of the pictures, 256 or height x width as 180x240, and validate on whole ones.
    For large pictures: with --image-size as large as they are, memory would not do for a batch."""

    batch_size: Counts = 8
    """* Images in a batch, over all devices together. Less if memory runs out."""

    loss: str = "ce"
    """What is made small: ce (cross-entropy), dice, jaccard, focal, or a sum of them such as ce+dice."""

    class_weights: str = "none"
    """What the pixels of each class cost. balanced: all classes the same in sum. median-frequency: as SegNet does.
    background:W: the first class W, the others 1. segnet-camvid: SegNet's own numbers. Or a CSV of `name,weight`."""


class UNetConfig(SegmentationConfig):
    """`python -m segmentation.unet`: a U-Net on any backbone."""

    backbone: str = "small"
    """What the encoder is: small, resnet50, mobilenet_v2, efficientnet_v2_b0 or any other row of `backbones`."""

    decoder_filters: Annotated[Listed[Count], Field(min_length=1)] = (256, 128, 64, 32, 16)
    """How wide each step of the decoder is, from the coarsest up."""


class UNetMobileNetV2Config(SegmentationConfig):
    """`python -m segmentation.unet_mobilenet_v2`: as S2 trained on pets."""

    batch_size: Counts = 64
    """* Images in a batch, over all devices together. Less if memory runs out."""

    freeze: int = 150
    """Layers of the backbone that do not learn, as Python's slice layers[:N]: 150 all of them, as S2 had it, 0 none."""


class UNetResNet50Config(SegmentationConfig):
    """`python -m segmentation.unet_resnet50`: as S4 trained on PASCAL VOC."""

    image_size: Listed[ImageSize] = "256"
    """* Size in pixels that images are brought to: 96, or height x width as 180x240. Empty: what suits the model."""

    cut: Literal["conv2_block3_out", "conv3_block4_out", "conv4_block1_out", "conv4_block6_out", "conv5_block3_out"] = (
        "conv4_block1_out"
    )
    """Where the encoder ends: the layer's name in Keras's ResNet50. conv4_block1_out is half its depth, the others are
    the ends of its stages; conv5_block3_out is all of it. The later, the more it knows and the slower it is."""

    skip: bool = True
    """The decoder sees the encoder's feature maps too, and so finds small things and edges. no-skip: it does not."""

    decoder_filters: Annotated[Listed[Count], Field(min_length=1)] = (256, 128, 64, 32)
    """How wide each step of the decoder is, from the coarsest up."""


class SegNetConfig(SegmentationConfig):
    """`python -m segmentation.segnet`: as Badrinarayanan et al. 2017 and S3 trained on CamVid."""

    image_size: Listed[ImageSize] = "360x480"
    """* Size in pixels that images are brought to: 96, or height x width as 180x240. Empty: what suits the model."""

    optimizer: Literal["adam", "adamw", "sgd", "momentum"] = "momentum"
    """How weights follow the gradient. momentum is sgd with a momentum of 0.9."""

    learning_rates: Rates = (0.1,)
    """* The learning rate of each stage. Too large and the loss does not fall, too small and it takes for ever."""

    class_weights: str = "median-frequency"
    """What the pixels of each class cost. balanced: all classes the same in sum. median-frequency: as SegNet does.
    background:W: the first class W, the others 1. segnet-camvid: SegNet's own numbers. Or a CSV of `name,weight`."""


class SegNetBasicConfig(SegNetConfig):
    """`python -m segmentation.segnet_basic`: SegNet of two stages."""

    image_size: Listed[ImageSize] = "128"
    """* Size in pixels that images are brought to: 96, or height x width as 180x240. Empty: what suits the model."""

    batch_size: Counts = 4
    """* Images in a batch, over all devices together. Less if memory runs out."""

    class_weights: str = "none"
    """What the pixels of each class cost. balanced: all classes the same in sum. median-frequency: as SegNet does.
    background:W: the first class W, the others 1. segnet-camvid: SegNet's own numbers. Or a CSV of `name,weight`."""

    norm: Literal["picture", "batch"] = "picture"
    """What a layer's values are normalised by. picture: mean and deviation of the picture itself, always. batch: those
    of the batch in training, their running mean afterwards, which suits pictures that are all alike."""


class VaeConfig(TrainingConfig):
    """`python -m generation.vae`: any data folder in, a run with a trained variational auto-encoder out.

    It learns from the pictures alone: classes and masks are not looked at, but for the colours of some figures.
    """

    image_size: Annotated[Listed[ImageSize], Field(min_length=1, max_length=1)] = "32"
    """Size in pixels that images are brought to: 96, or height x width as 180x240. Small ones suit this model."""

    colours: Literal["auto", "gray", "rgb"] = "auto"
    """What the model draws. gray: one value a pixel; colours are not seen. rgb: three. auto: gray if all training
    pictures are, as digits of MNIST."""

    latent_size: Count = 32
    """How many numbers the code of a picture has. More: sharper pictures. 2: figures show the whole plane of codes."""

    filters: Annotated[Listed[Count], Field(min_length=1)] = (32, 64, 128)
    """How wide each convolution of the encoder is, from the picture down; each halves height and width. The decoder
    mirrors it."""

    loss: Literal["ce", "mse", "ce+mse"] = "ce"
    """How a picture and what is made of its code are compared, pixel by pixel, values being 0..1. ce: binary
    cross-entropy. mse: squared error. ce+mse: both, added. Each is summed over a picture."""

    beta: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    """What the other part of the loss counts, the KL divergence that keeps codes where new ones are drawn. Less:
    sharper pictures, worse new ones. 1 is the evidence lower bound of the paper."""

    learning_rates: Rates = (5e-4,)
    """* The learning rate of each stage. Too large and the loss does not fall, too small and it takes for ever."""

    batch_size: Counts = 64
    """* Images in a batch, over all devices together. Less if memory runs out."""

    patience: Count = 6
    """A stage ends when validation loss has not fallen for this many epochs."""

    min_delta: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.01
    """What counts as fallen: a validation loss less than the least so far by more than this."""


class ClassicalConfig(Settings):
    """`python -m segmentation.classical`: pictures in, masks out by methods that do not learn; the baseline."""

    method: Literal["mean-shift", "kmeans", "otsu", "histogram", "canny"] = "mean-shift"
    """How a picture is parted. mean-shift: connected regions of like colour. kmeans: kinds of colours. otsu: dark and
    bright. histogram: shades of gray between the valleys of its histogram. canny: what edges enclose."""

    regions: Annotated[int, Field(ge=2, le=255)] | None = None
    """The most regions (mean-shift and canny: the largest; empty: 100), colours (kmeans; empty: 8) or shades
    (histogram; empty: 6) of a picture. otsu has two."""

    spatial_radius: Annotated[int, Field(ge=1, le=200)] | None = None
    """How far mean-shift looks, in pixels. Larger: larger regions, more time. Empty: 8."""

    colour_radius: Annotated[float, Field(ge=1, le=255)] | None = None
    """How different colours of one region may be (mean-shift), in steps of 256. Larger: larger regions. Empty: 16."""

    match: UserPath | None = None
    """A data folder with masks: each region gets the class that regions of such a colour and place mostly have in its
    training masks. Empty: that of `evaluate`; without both, masks hold the numbers of the regions."""

    evaluate: UserPath | None = None
    """A data folder with masks: segment its validation images and say how well, in a folder beside `output`."""

    test_images: Annotated[str, Field(min_length=1)] = "data/val"
    """What to segment: a folder (with all its folders), a picture, or a pattern such as "photos/*.jpg"."""

    output: UserPath = "classical.csv"
    """The CSV to write. Pictures that cannot be read are listed beside it, in `classical.rejected.csv`."""

    mask_files: Listed[Literal["index", "colour", "overlay"]] = ("index", "overlay")
    """What is written of each mask, in folders beside `output`. index: class indices, in classical.masks.
    colour: in the colours of the classes. overlay: the picture tinted with them, and a legend beneath it."""

    overwrite: bool = False
    """Replace an output that was made by another method, or of other pictures."""

    workers: Count | None = None
    """How many pictures are segmented at the same time. Empty: one a processor core."""

    seed: Seed | None = None
    """Start of the random numbers of kmeans, and of matching. The same seed gives the same masks. Empty: 0."""


class PredictorConfig(Settings):
    """`python -m predictor`: a run and pictures in, a CSV of predictions out."""

    runs: UserPath = "runs"
    """The folder of runs in which `run` is looked for."""

    run: Listed[str] = ()
    """Name of a run, or path to its folder. Several, A,B,C, predict together. Empty: the only run there is."""

    policy: Literal["mean", "weighted", "class-weighted", "vote", "max", "geometric", "adaboost"] = "mean"
    """How several runs come to one answer: the mean, maximum or geometric mean of their probabilities, one vote each,
    weighted by validation accuracy, by that on each class, or as AdaBoost would weigh their votes."""

    tta: Literal["none", "flip", "ten-crop", "multi-scale"] = "none"
    """Views of each picture whose probabilities are averaged: the picture; and its mirror image; corners and middle
    and their mirror images (10 views, not for masks); three sizes and their mirror images (6). More views take more
    time."""

    tile: Annotated[int, Field(ge=32)] | None = None
    """For masks: predict a picture at its own size, in squares of so many pixels, 512 say, that overlap. Right for
    pictures larger than memory allows, and for a network trained at the scale of the pictures (by --crop, say).
    Empty: a picture is resized to what the network was trained at, which is right for one trained so."""

    overlap: Annotated[int, Field(ge=0)] | None = None
    """Pixels that tiles share, at most half a tile. More: fewer seams, more time. Empty: an eighth of `tile`."""

    evaluate: UserPath | None = None
    """A data folder: predict its validation images and say how well, in a folder beside `output`."""

    test_images: Annotated[str, Field(min_length=1)] = "data/val"
    """What to predict: a folder (with all its folders), a picture, or a pattern such as "photos/*.jpg"."""

    shard: str | None = None
    """Predict a part of the pictures only, for several machines: 1/4, 2/4, 3/4 and 4/4 are four shards of like size.
    Their outputs are called predictions-1-of-4.csv and so on; `python -m predictor.merge` makes one of them."""

    output: UserPath = "predictions.csv"
    """The CSV to write. Pictures that cannot be read are listed beside it, in `predictions.rejected.csv`."""

    top_k: Count = 1
    """How many of the most probable classes are written for each picture."""

    mask_files: Listed[Literal["index", "colour", "overlay"]] = ("index", "overlay")
    """What is written of each mask, in folders beside `output`. index: class indices, in predictions.masks.
    colour: in the colours of the classes. overlay: the picture tinted with them, and a legend beneath it."""

    encoding_files: Listed[Literal["latents", "reconstruction"]] = ("latents",)
    """What an auto-encoder writes of each picture, beside `output`. latents: mean and log variance of its code, in
    predictions.latents.h5. reconstruction: what is made of its code, in a folder predictions.reconstructions."""

    samples: Count | None = None
    """Draw so many new pictures with an auto-encoder, in a folder predictions.samples beside `output`, and a sheet of
    them; no pictures are predicted then."""

    seed: Seed | None = None
    """Which new pictures are drawn (samples). The same seed draws the same. Empty: 0."""

    batch_size: Count = 32
    """Pictures, or tiles of one, that go through the model at a time, at most: OpenVINO takes 8, more being no faster.
    Less if memory runs out."""

    engine: Literal["auto", "tensorflow", "openvino", "ray"] = "auto"
    """What computes, for classifiers and masks. openvino is the faster on a processor and an extra to install: pip
    install openvino. It says the same to 1e-4. auto: openvino if it is installed and there is no GPU. ray: the machines
    of a Ray cluster, or this one, each as auto; pip install "ray[data]"."""

    precision: Literal["f32", "bf16", "int8"] = "f32"
    """Of the numbers that OpenVINO computes with. bf16: half the bits, on processors that have it. int8: a quarter;
    the run is calibrated on training pictures first (once; pip install nncf), and its accuracy before and after is
    shown."""

    overwrite: bool = False
    """Replace an output that was made by another run, or of other pictures."""

    workers: Count | None = None
    """How many pictures are read at the same time. Empty: one a processor core; with `tile` one. With ray also how many
    cores each of its workers gets. Empty: all of a machine's."""


class MergeConfig(Settings):
    """`python -m predictor.merge`: the outputs of all shards in, one as a single process writes it out."""

    output: UserPath = "predictions.csv"
    """The CSV to write. Its shards, predictions-1-of-4.csv and so on, lie beside it, with all that was written with
    them, also the hidden `.predictions-1-of-4.csv.json`."""

    overwrite: bool = False
    """Replace an output that was made by another run, or of other pictures."""


class SelectConfig(Settings):
    """`python -m predictor.select`: which of several runs predict best together, and how, on the validation images."""

    runs: UserPath = "runs"
    """The folder of runs in which `run` is looked for."""

    run: Listed[str] = ()
    """Names of two to twelve runs, or paths to their folders: A,B,C."""

    tta: Literal["none", "flip", "ten-crop", "multi-scale"] = "none"
    """Views of each picture whose probabilities are averaged, as for `python -m predictor`."""

    engine: Literal["auto", "tensorflow", "openvino"] = "auto"
    """What computes, as for `python -m predictor`."""

    precision: Literal["f32", "bf16", "int8"] = "f32"
    """Of the numbers that OpenVINO computes with, as for `python -m predictor`."""

    output: UserPath = "selection.csv"
    """The CSV to write: a row for every combination of runs and every policy, the best first."""


class ExperimentsConfig(Settings):
    """`python -m experiments`: several runs that differ in a setting or two, and a table of what came of them."""

    experiment: Positional[str | None] = None
    """Which comparison: LIST shows all. Empty: one of your own, by `module` and `vary`."""

    module: str | None = None
    """The training command, such as classifiers.small. For a comparison of the list: in place of its own."""

    vary: Repeated[str] = ()
    """The settings that your own comparison varies, with their values: optimizer=sgd,adam. Give the flag once for each
    setting: every combination of their values becomes a variant."""

    set: Repeated[str] = ()
    """Settings that all variants share, weights=none for example; the flag may be given several times."""

    only: Listed[str] = ()
    """Which variants of the comparison to run, by their names. Empty: all."""

    data: UserPath = "data"
    """The data folder that `python -m datatransformer` has made."""

    limit: Count | None = None
    """Train on so many images of the data folder and validate on as many, for a first look. Empty: all."""

    epochs: Count | None = None
    """The most epochs of each run. Empty: as many as the comparison was published with, or those of the module."""

    repeat: Count = 1
    """Runs of each variant, each with a seed of its own: the table has their mean and spread."""

    seed: Seed = 0
    """That of the first run of each variant. It also decides which images `limit` takes."""

    output: UserPath = "comparisons"
    """The folder for comparisons. Each is a folder in it with its runs, tables and figures."""

    name: RunName | None = None
    """Name of this comparison's folder. Empty: that of the list, or what is varied in which module."""

    overwrite: bool = False
    """Throw away what an earlier comparison of this name has come to, and begin anew."""


class AnalysisConfig(Settings):
    """`python -m analysis NAME_OF_RUN`: a run in, its figures, their numbers as CSV, and a page `report.html` out."""

    runs: UserPath = "runs"
    """The folder of runs in which `run` and `compare` are looked for."""

    run: Positional[str | None] = None
    """Name of a run, or path to its folder; stands without a flag. Empty: the only run there is."""

    compare: Listed[str] = ()
    """Names of runs of one kind, A,B,C: lay them side by side, in `output`, instead of looking into one."""

    output: UserPath = "comparison"
    """With `compare`: the folder for the table, the curves and the page."""

    only: Listed[Literal["curves", "evaluation", "embedding", "maps", "gradcam", "layers"]] = ()
    """What is drawn. Empty: all that the run's kind has.
    curves: loss, scores, learning rate and momentum by epoch. evaluation: confusion matrices, scores of each class,
    samples. embedding: t-SNE and PCA of what a layer gives of validation images, of masks pixel by pixel. maps: the
    liveliest channels of layers. gradcam: where a classifier looks. layers: a diagram of the model, all its layers."""

    layer: Listed[str] = ()
    """Layers for embedding and maps, by the names that `--only layers` lists. Empty: for embedding what goes into the
    last layer, or (masks) the end of the encoder and the middle of the decoder; for maps the last of each size."""

    images: Count | None = None
    """The most validation images of which features are embedded. Empty: 500, of those with masks 40."""

    points: Count = 1000
    """The most points in an embedding. Pixels are drawn by class: of each as many as there are, up to an even share."""

    data: UserPath | None = None
    """The data folder that the run was trained on, if it lies elsewhere by now."""

    batch_size: Count = 32
    """Pictures that go through the model at a time for an embedding. Less if memory runs out."""

    seed: Seed = 0
    """Start of the random numbers of t-SNE and of which pixels are drawn. The same seed gives the same points."""


class ExportConfig(Settings):
    """`python -m predictor.export`: a run in, its model in formats of other programs out, checked on pictures."""

    runs: UserPath = "runs"
    """The folder of runs in which `run` is looked for."""

    run: Listed[str] = ()
    """Name of a run, or path to its folder. Empty: the only run there is."""

    format: Annotated[Listed[Literal["savedmodel", "onnx", "openvino", "litert"]], Field(min_length=1)] = (
        "savedmodel",
    )
    """What is written, A,B for several. savedmodel: for TensorFlow and its server. onnx: for ONNX Runtime and most
    other programs. openvino: the fastest on processors of Intel. litert: for phones and small devices."""

    output: UserPath | None = None
    """The folder to make. Empty: exports and the name of the run."""

    test_images: Annotated[str, Field(min_length=1)] | None = None
    """Pictures on which the exported model has to say what the run says: a folder, a picture, or a pattern such as
    "photos/*.jpg". Eight are taken. Empty: validation images of the run's data folder."""

    overwrite: bool = False
    """Replace an earlier export in `output`."""


class BenchmarksConfig(Settings):
    """`python -m benchmarks NAME`: how fast, how large, against what; a table, and the same as JSON."""

    benchmark: Positional[str] = "LIST"
    """Which one; stands without a flag. LIST shows all."""

    pictures: Folder | None = None
    """Photographs to measure with, brought to the size that is measured. Empty: drawn ones."""

    amount: Count | None = None
    """How many pictures, or batches, a way has to do. Empty: as many as give a steady figure, a few minutes in all."""

    rounds: Count = 3
    """How often each way does its work; the table has the medians. Once for what shows how something grows."""

    output: UserPath = "benchmarks/results"
    """The folder for the JSON."""
