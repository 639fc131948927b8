"""The page of models: the modules of classifiers, segmentation and generation, and the backbones."""

import importlib
import pkgutil
import re
import sys
import typing
from collections.abc import Iterator
from pathlib import Path

import config
import setting_flags
import settings
from pages.text import NOTE

ROOT = Path(__file__).resolve().parents[2]

MIT, APACHE, CC_BY, BSD = "MIT", "Apache-2.0", "CC BY 4.0", "BSD-3-Clause"

WEIGHTS = {
    "mobilenet_v2": APACHE, "efficientnet_v2": APACHE, "xception": MIT, "inception_v3": APACHE, "resnet50": MIT,
    "convnext": MIT, "vgg": CC_BY, "inception_resnet_v2": APACHE, "efficientnet_lite": APACHE,
}  # fmt: skip
"""The licence of the ImageNet weights of a family, by the beginning of the name of its backbone."""

CLASSES = 21
"""Number of classes of the segmentation networks whose parameters are counted."""

ROOMS = {"classifiers": "Classifiers", "segmentation": "Segmentation networks"}


def models_page() -> str:
    """The page of all modules that train, with their networks."""
    parts = [
        NOTE,
        "# Models",
        "Each row is a command: `small` is `python -m classifiers.small`. "
        "*Input* is the image size in pixels that the backbone is designed for, and the default of the command. "
        "*Layers* is the number of layers of the backbone; `--freeze` with this number freezes all of them.",
        "*Weights* are the initial weights with `--weights auto`. Keras downloads ImageNet weights, unless a pip "
        "package has them; [without a network](../howto/no_network.md) you give a file or a folder. "
        "*Licence* is the licence under which the authors published these weights. "
        "SceneLab does not contain them. The images of ImageNet are "
        "[for non-commercial research only](https://www.image-net.org/download.php).",
    ]
    for room, title in ROOMS.items():
        counted = (
            "Parameters are those of the backbone. The head adds one weight per feature and class."
            if room == "classifiers"
            else f"Parameters are those of the complete network with {CLASSES} classes."
        )
        parts += [f"## {title}", counted, _models_table(room)]
        if room == "classifiers":
            parts.append(
                "`small` has a few residual blocks and trains in minutes on a processor, from random weights. Keras "
                "builds Inception-ResNet-v2 with the stem of version 1; `--stem paper` builds the stem that the paper "
                "shows for version 2. `cifar_resnet` is the network of section 4.2 of its paper, and `cifar_vgg16` is "
                "VGG16 with batch norm, both for small images."
            )
        if room == "segmentation":
            parts.append(
                "[Segmentation](../howto/segmentation.md#which-network) describes each network. "
                "`python -m segmentation.classical` segments without training: `--method mean-shift`, `kmeans`, "
                "`otsu`, `histogram` or `canny`, all by OpenCV. It is a baseline for comparisons."
            )
    parts += ["## Generation", _vae_table(), "## Backbones", _backbones_text(), _backbones_table()]
    return "\n\n".join(parts) + "\n"


def _modules(room: str) -> Iterator[tuple[str, object]]:
    """(name, module) of the commands of a room that train."""
    for file in sorted((ROOT / room).glob("*.py")):
        if "\nRECIPE = " in file.read_text(encoding="utf-8"):
            yield file.stem, importlib.import_module(f"{room}.{file.stem}")


def _models_table(room: str) -> str:
    rows = ["| module | backbone | input | layers | parameters | weights | licence | source |", "|" + " --- |" * 8]
    for name, module in _modules(room):
        if name == "preset":
            rows.append(PRESET_ROW)
            continue
        for choice, config_values in _choices(module.RECIPE):
            backbone = _backbone_name(module.RECIPE, config_values)
            spec = _spec(backbone)
            size = getattr(config_values, "image_size", ())
            rows.append(
                f"| `{name}`{choice} | `{backbone}` | {_size(size, spec)} | {spec.layers} | "
                f"{_count(room, module.RECIPE, spec, config_values):,} | {_weights(spec)} | "
                f"{_licence(backbone, spec)} | {_papers(module, backbone)} |"
            )
    return "\n".join(rows)


PRESET_ROW = (
    "| `preset` `--preset NAME` | [a preset](../howto/fine_tuning.md#other-networks) | of the preset | of the preset | "
    "of the preset | of the preset | of the preset | [KerasHub](https://keras.io/keras_hub/presets/) |"
)

CHOICES = {
    "EfficientNetV2Config": "variant", "InceptionResNetV2Config": "stem", "CifarResNetConfig": "depth",
    "UNetResNet50Config": "skip", "EfficientNetLiteConfig": "variant",
}  # fmt: skip
"""The setting of a command that makes it another network; the page has a row for each of its values."""


def _choices(recipe) -> Iterator[tuple[str, settings.Settings]]:
    """(text after the module's name, settings) of each network that a command can train."""
    config_class = getattr(config, recipe.config)
    name = CHOICES.get(recipe.config)
    if not name:
        yield "", config_class()
        return
    field = config_class.model_fields[name]
    values = (True, False) if field.annotation is bool else _literals(field.annotation)
    for value in values:
        given = {name: value}
        shown = "" if value == field.default else f" `{_flag_of(name, value)}`"
        yield shown, config_class(**given)


def _flag_of(name: str, value: object) -> str:
    return setting_flags.flag(name) + f" {value}" if not isinstance(value, bool) else setting_flags.flag(f"no_{name}")


def _literals(annotation: object) -> tuple:
    while typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    return typing.get_args(annotation)


def _backbone_name(recipe, values) -> str:
    return recipe.backbone if isinstance(recipe.backbone, str) else recipe.backbone(values)


def _spec(name: str):
    from backbones import backbone

    return backbone(name)


def _size(given: tuple, spec) -> str:
    return str(given[0]) if given else f"{spec.image_size}x{spec.image_size}"


def _weights(spec) -> str:
    if spec.package:
        return "ImageNet, by pip"
    return "ImageNet" if spec.imagenet else "random"


def _licence(name: str, spec) -> str:
    if not spec.imagenet:
        return ""
    family = next((family for family in sorted(WEIGHTS, key=len, reverse=True) if name.startswith(family)), None)
    if family is None:
        sys.exit(f"docs/generate.py: WEIGHTS does not say under which licence the weights of {name} are")
    return WEIGHTS[family]


PAPERS = {
    "1409.1556": "Simonyan & Zisserman 2015", "1502.03167": "Ioffe & Szegedy 2015", "1505.04366": "Noh et al. 2015",
    "1505.04597": "Ronneberger et al. 2015", "1511.00561": "Badrinarayanan et al. 2017",
    "1512.00567": "Szegedy et al. 2016", "1512.03385": "He et al. 2016", "1602.07261": "Szegedy et al. 2017",
    "1610.02357": "Chollet 2017", "1801.04381": "Sandler et al. 2018", "1802.02611": "Chen et al. 2018",
    "1812.01187": "He et al. 2019", "2002.04688": "Howard & Gugger 2020", "2104.00298": "Tan & Le 2021",
    "1905.11946": "Tan & Le 2019",
    "2201.03545": "Liu et al. 2022",
}  # fmt: skip
"""Papers by their number at arxiv.org. Docstrings name them by their address."""

MORE_PAPERS = {"cifar_vgg16": ("1409.1556",), "unet_resnet34": ("2002.04688", "1512.03385")}
"""Papers of a model that are not in the docstring chosen by `_papers`."""


def _papers(module, backbone: str) -> str:
    """The papers in the docstring of the module, otherwise those in the docstring of its backbone."""
    name = module.__name__.rpartition(".")[2]
    for text in (module.__doc__, _spec_module(backbone).__doc__):
        if numbers := re.findall(r"arxiv\.org/abs/(\d+\.\d+)", text):
            break
    numbers = dict.fromkeys([*MORE_PAPERS.get(name, ()), *numbers])
    if unknown := [number for number in numbers if number not in PAPERS]:
        sys.exit(f"docs/generate.py: PAPERS does not say whose paper {unknown[0]} is")
    return ", ".join(f"[{PAPERS[number]}](https://arxiv.org/abs/{number})" for number in numbers)


def _spec_module(backbone: str):
    """The module of `backbones` that defines this backbone."""
    import backbones

    names = (
        found.name for found in pkgutil.iter_modules(backbones.__path__) if found.name not in backbones.WITHOUT_SPECS
    )
    modules = (importlib.import_module(f"backbones.{name}") for name in names)
    return next(module for module in modules if backbone in module.BACKBONES)


def _count(room: str, recipe, spec, values) -> int:
    """The number of parameters, including the statistics of batch norm."""
    _quiet_tensorflow()
    if room == "classifiers":
        from backbones.build import build_backbone

        return build_backbone(spec, (spec.image_size, spec.image_size, 3), "none").count_params()
    from segmentation.network import build_segmenter

    decoder, head = recipe.resolve_decoder(values), recipe.resolve_head()
    return build_segmenter(spec, CLASSES, "none", 0, spec.normalisation, decoder, head).count_params()


def _quiet_tensorflow() -> None:
    from command import import_tensorflow

    import_tensorflow()


def _vae_table() -> str:
    _quiet_tensorflow()
    from generation.network import build_vae

    values = config.VaeConfig()
    (size,) = values.image_size
    rows = ["| module | input | code | parameters | weights | source |", "|" + " --- |" * 6]
    model = build_vae(size, 3, values.latent_size, values.filters, values.loss.split("+"), values.beta, 0)
    source = "[Kingma & Welling 2013](https://arxiv.org/abs/1312.6114)"
    rows.append(
        f"| `vae` | {size}, in colour | {values.latent_size} numbers | {model.count_params():,} | random | {source} |"
    )
    return "\n".join(rows)


def _backbones_text() -> str:
    return (
        "`python -m segmentation.unet --backbone NAME` takes any of these. *Smallest* is the smallest height and width "
        "in pixels. The normalisation is (value - mean) / deviation of RGB values from 0 to 255."
    )


def _backbones_table() -> str:
    from backbones import backbones

    rows = ["| backbone | input | smallest | layers | weights | normalisation |", "|" + " --- |" * 6]
    for name, spec in sorted(backbones().items()):
        mean, deviation = (",".join(f"{value:g}" for value in values) for values in spec.normalisation[:2])
        order = "" if spec.normalisation.channels == "RGB" else f", as {spec.normalisation.channels}"
        rows.append(
            f"| `{name}` | {spec.image_size} | {spec.smallest} | {spec.layers} | {_weights(spec)} | "
            f"mean {mean}; deviation {deviation}{order} |"
        )
    return "\n".join(rows)
