"""Writes the pages that come from the code: settings, models, published figures.

    python docs/generate.py           writes them
    python docs/generate.py --check   exits 1 and names each page that differs from the code
    python docs/generate.py --check settings published   does so for these pages alone

The page of models builds each network to count its parameters, which takes a minute or two.
"""

import argparse
import importlib
import inspect
import os
import pkgutil
import re
import sys
import types
import typing
from collections.abc import Callable, Iterator
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))
for variable in [name for name in os.environ if name.startswith("SCENELAB_")]:
    del os.environ[variable]

import config  # noqa: E402
import setting_help  # noqa: E402
import setting_types  # noqa: E402
import settings  # noqa: E402

NOTE = "<!-- Written by docs/generate.py: change the code, not this page. -->"


# ---- Settings --------------------------------------------------------------------------------------------------------


def settings_page() -> str:
    """Every setting of every command."""
    parts = [
        NOTE,
        "# Settings",
        "Each setting is a field of a class in `config.py`, a flag of the command and an environment variable. "
        "`val_fraction` is the flag `--val-fraction` and the variable `SCENELAB_VAL_FRACTION`. A flag wins over a "
        "variable, and a variable wins over `config.py`. A list is written with commas: `--learning-rates 1e-3,1e-4`. "
        "A switch has two flags: `--skip` and `--no-skip`. If a flag is given twice, the last one counts, unless the "
        "text says otherwise.",
        "Every command also has `--help`.",
    ]
    for config_class, command in commands().items():
        parts += [f"## `python -m {command}`", _introduction(config_class)]
        parent = config_class.__mro__[1]
        if parent in commands():
            fields = _new_fields(config_class, parent)
            same = f"[`python -m {commands()[parent]}`](#{_anchor(commands()[parent])})"
            parts.append(f"It has the settings of {same}" + (", with these differences:" if fields else "."))
        else:
            fields = list(config_class.model_fields)
        for section, names in setting_help.sections(config_class).items():
            if kept := [name for name in names if name in fields]:
                parts += [f"### {section.capitalize()}", _table(config_class, kept)]
    return "\n\n".join(parts) + "\n"


def commands() -> dict[type, str]:
    """The classes of `config.py` in their order, each with its command."""
    classes = [value for value in vars(config).values() if isinstance(value, type) and value.__module__ == "config"]
    return {one: name for one in classes if issubclass(one, settings.Settings) and (name := _command(one))}


def _command(config_class: type) -> str:
    """What its docstring begins with, without a part for the user's own name; empty if it belongs to no command."""
    match = re.match(r"`python -m ([^`]+)`", inspect.getdoc(config_class) or "")
    return match[1] if match else ""


def _introduction(config_class: type) -> str:
    text = " ".join(inspect.getdoc(config_class).split())
    text = re.sub(r"^`python -m [^`]+`\s*:?\s*", "", text)
    return text[:1].upper() + text[1:]


def _anchor(command: str) -> str:
    """The anchor that MyST gives the heading of a command."""
    return re.sub(r"[^\w\- ]", "", f"python -m {command}".lower()).replace(" ", "-")


def _new_fields(config_class: type, parent: type) -> list[str]:
    """Those that the parent does not have, or has otherwise."""

    def seen(cls: type, name: str) -> tuple:
        field = cls.model_fields[name]
        return field.description, _default(field), _allowed(field)

    return [
        name
        for name in config_class.model_fields
        if name not in parent.model_fields or seen(config_class, name) != seen(parent, name)
    ]


def _table(config_class: type, names: list[str]) -> str:
    rows = ["| flag | default | allowed values | meaning |", "| --- | --- | --- | --- |"]
    for name in names:
        field = config_class.model_fields[name]
        positional = setting_types.POSITIONAL in field.metadata
        shown = f"`{name.upper()}`" if positional else f"`{settings.flag(name)}`"
        rows.append(f"| {shown} | {_default(field)} | {_allowed(field)} | {_cell(field.description or '')} |")
    return "\n".join(rows)


def _default(field) -> str:
    if isinstance(field.default, bool):
        return "on" if field.default else "off"
    text = setting_help.default_text(field)
    return f"`{text}`" if text else "empty"


def _allowed(field) -> str:
    kind = _kind(field.annotation, field.metadata)
    return kind or "text"


def _kind(annotation: object, metadata: typing.Sequence = ()) -> str:
    """The values that a field takes, in words."""
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation is setting_types.Size:
        return "size in pixels: `96` or `180x240`"
    if annotation == setting_types.FrozenPart:
        return "`head`, `all` or a number of layers"
    if origin is typing.Annotated:
        return _kind(args[0], (*args[1:], *metadata))
    if origin in (typing.Union, types.UnionType):
        return _kind(next(arg for arg in args if arg is not type(None)), metadata)
    if origin is typing.Literal:
        return ", ".join(f"`{arg}`" for arg in args)
    if origin is tuple:
        return "list of " + (_plural(_kind(args[0])) or "texts")
    named = [name for item in metadata if (name := _named(item))]
    if named:
        return named[0]
    if annotation is bool:
        return "on, off"
    if annotation in (int, float):
        return " ".join(filter(None, ["whole number" if annotation is int else "number", _limits(metadata)]))
    if annotation is Path:
        return "path"
    return ""


def _plural(kind: str) -> str:
    head, _, tail = kind.partition(" ")
    if kind.startswith("whole number"):
        return kind.replace("whole number", "whole numbers", 1)
    return f"{head}s {tail}".strip() if head in ("number", "size") else kind


NAMED = {"_folder": "folder", "_file": "file", "_run_name": "name", "_data_service": "`grpc://host:port`"}
"""Checks in `setting_types.py`, and what they let through."""


def _named(item: object) -> str:
    function = getattr(item, "func", None)
    return NAMED.get(getattr(function, "__name__", ""), "")


def _limits(metadata: typing.Sequence) -> str:
    words, limits = {"ge": "from", "gt": "above", "le": "to", "lt": "below"}, {}
    for item in metadata:
        for one in [item, *getattr(item, "metadata", [])]:
            limits |= {key: getattr(one, key) for key in words if getattr(one, key, None) is not None}
    return " and ".join(f"{words[key]} {limits[key]}" for key in words if key in limits)


def _cell(text: str) -> str:
    """Plain text as a cell of a table. A line that begins a choice, `auto: ...`, stays a line of its own."""
    text = " ".join(re.sub(r"\n(?=[\w, -]+: )", "@BREAK@", text).split())
    text = text.replace("|", "\\|").replace("<", "&lt;")
    return re.sub(r"(?<!\S)(https?://\S+[^\s.,;:)])", r"<\1>", text.replace("* ", "\\* ")).replace("@BREAK@", "<br>")


# ---- Models ----------------------------------------------------------------------------------------------------------


MIT, APACHE, CC_BY, BSD = "MIT", "Apache-2.0", "CC BY 4.0", "BSD-3-Clause"

WEIGHTS = {
    "mobilenet_v2": APACHE, "efficientnet_v2": APACHE, "xception": MIT, "inception_v3": APACHE, "resnet50": MIT,
    "convnext": MIT, "vgg": CC_BY, "inception_resnet_v2": APACHE,
}  # fmt: skip
"""The licence of the ImageNet weights of a family, by the beginning of the name of its backbone."""

CLASSES = 21
"""Of the segmentation networks whose parameters are counted."""

ROOMS = {"classifiers": "Classifiers", "segmentation": "Segmentation networks"}


def models_page() -> str:
    """Every module that trains, with the facts of its network."""
    parts = [
        NOTE,
        "# Models",
        "Each row is a command: `small` is `python -m classifiers.small`. "
        "*Input* is the image size in pixels that the backbone is made for, and the default of the command. Each "
        "backbone gets the normalisation of its weights. *Layers* is what `--freeze` counts.",
        "*Weights* says what `--weights auto` starts from. ImageNet weights come from Keras, which downloads them; "
        "[without a network](../howto/no_network.md) they come from a file. The licence is that of the weights as "
        "their authors published them. SceneLab does not contain them. ImageNet itself is "
        "[for research that is not commercial](https://www.image-net.org/download.php).",
    ]
    for room, title in ROOMS.items():
        counted = (
            "Parameters are those of the backbone. The head adds a weight for each feature and class."
            if room == "classifiers"
            else f"Parameters are those of the whole network with {CLASSES} classes."
        )
        parts += [f"## {title}", counted, _models_table(room)]
        if room == "classifiers":
            parts.append(
                "`small` has a few residual blocks and learns from nothing on a processor in minutes. Keras builds "
                "Inception-ResNet-v2 with the stem of version 1; `--stem paper` has the stem that the paper draws for "
                "version 2. `cifar_resnet` is the network of section 4.2 of its paper, and `cifar_vgg16` is VGG16 with "
                "batch norm, both for small images."
            )
        if room == "segmentation":
            parts.append(
                "[Segmentation](../howto/segmentation.md#which-network) describes each network. "
                "`python -m segmentation.classical` segments without training: `--method mean-shift`, `kmeans`, "
                "`otsu`, `histogram` or `canny`, all by OpenCV. It is the baseline of a comparison."
            )
    parts += ["## Generation", _vae_table(), "## Backbones", _backbones_text(), _backbones_table()]
    return "\n\n".join(parts) + "\n"


def _modules(room: str) -> Iterator[tuple[str, object]]:
    """(name, module) of the commands of a room that train."""
    for file in sorted((DOCS.parent / room).glob("*.py")):
        if "\nRECIPE = " in file.read_text(encoding="utf-8"):
            yield file.stem, importlib.import_module(f"{room}.{file.stem}")


def _models_table(room: str) -> str:
    rows = ["| module | backbone | input | layers | parameters | weights | licence | source |", "|" + " --- |" * 8]
    for name, module in _modules(room):
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


CHOICES = {
    "EfficientNetV2Config": "variant", "InceptionResNetV2Config": "stem", "CifarResNetConfig": "depth",
    "UNetResNet50Config": "skip",
}  # fmt: skip
"""The setting of a command that makes it another network; the page has a row for each of its values."""


def _choices(recipe) -> Iterator[tuple[str, settings.Settings]]:
    """(what is written behind the module's name, settings) of each network that a command can train."""
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
    return settings.flag(name) + f" {value}" if not isinstance(value, bool) else settings.flag(f"no_{name}")


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
    return "ImageNet" if spec.imagenet else "random numbers"


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
    "2201.03545": "Liu et al. 2022",
}  # fmt: skip
"""Papers by their number at arxiv.org. Docstrings name them by their address."""

MORE_PAPERS = {"cifar_vgg16": ("1409.1556",), "unet_resnet34": ("2002.04688",)}
"""Those that no docstring of a module gives the address of."""


def _papers(module, backbone: str) -> str:
    """Those of the module's docstring, else those of its backbone's."""
    name = module.__name__.rpartition(".")[2]
    for text in (module.__doc__, _spec_module(backbone).__doc__):
        if numbers := re.findall(r"arxiv\.org/abs/(\d+\.\d+)", text):
            break
    numbers = dict.fromkeys([*MORE_PAPERS.get(name, ()), *numbers])
    if unknown := [number for number in numbers if number not in PAPERS]:
        sys.exit(f"docs/generate.py: PAPERS does not say whose paper {unknown[0]} is")
    return ", ".join(f"[{PAPERS[number]}](https://arxiv.org/abs/{number})" for number in numbers)


def _spec_module(backbone: str):
    """The module of `backbones` that holds it."""
    import backbones

    names = (found.name for found in pkgutil.iter_modules(backbones.__path__) if found.name not in backbones.SHARED)
    modules = (importlib.import_module(f"backbones.{name}") for name in names)
    return next(module for module in modules if backbone in module.BACKBONES)


def _count(room: str, recipe, spec, values) -> int:
    """Parameters, statistics of batch norm among them."""
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
        f"| `vae` | {size}, in colour | {values.latent_size} numbers | "
        f"{model.count_params():,} | random numbers | {source} |"
    )
    return "\n".join(rows)


def _backbones_text() -> str:
    return (
        "`python -m segmentation.unet --backbone NAME` takes any of these. *Smallest* is the least height and width in "
        "pixels. The normalisation is (value - mean) / deviation of RGB values from 0 to 255."
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


# ---- Published figures -----------------------------------------------------------------------------------------------


PROJECTS = {
    "S0": "a student project on scene classification with Inception-ResNet-v2, trained on the 80 classes of the AI "
    "Challenger data",
    "S1": "a student project on street scenes: a U-Net on ResNet-34 with fastai, trained on CamVid",
    "S2": "a student project on pets: a U-Net on MobileNetV2, trained on Oxford-IIIT Pet",
    "S3": "a student project on street scenes: SegNet in Caffe, trained on CamVid and on drawn squares",
    "S4": "a student project on CIFAR-10, PASCAL VOC and MNIST: ResNet, VGG16, U-Nets and an auto-encoder",
}
"""The names by which the code calls the projects that its comparisons come from."""


def published_page() -> str:
    """Every comparison of `experiments`, with its published figures."""
    catalogue = importlib.import_module("experiments.catalogue").EXPERIMENTS
    used = [name for name in PROJECTS if any(re.search(rf"\b{name}\b", one.source) for one in catalogue.values())]
    parts = [
        NOTE,
        "# Published figures of the comparisons",
        "`python -m experiments LIST` names these comparisons, and `python -m experiments NAME --data data` runs one. "
        "The figures below are those of the source, on the source's data. Your table has them beside your own. "
        "[Compare settings](../howto/compare.md) tells how to run a comparison.",
        "Sources have short names:",
        "\n".join(f"- {name}: {PROJECTS[name]}." for name in used),
    ]
    for name, one in catalogue.items():
        parts += [f"## {name}", f"{one.title}. Module `{one.module}`. Source: {one.source}."]
        if one.published_on:
            parts.append(f"Data of the source: {_cell(one.published_on)}.")
        measures = list(dict.fromkeys(key for variant in one.variants.values() for key in variant.published or {}))
        rows = ["| variant | settings | " + "".join(f"{measure} | " for measure in measures).strip()]
        rows.append("|" + " --- |" * (2 + len(measures)))
        for title, variant in one.variants.items():
            given = " ".join(
                _switch(key, str(value)) for key, value in (dict(one.settings) | dict(variant.settings)).items()
            )
            module = f"`{variant.module}` " if variant.module else ""
            values = "".join(f" {(variant.published or {}).get(measure, '')} |" for measure in measures)
            rows.append(f"| {_cell(title)} | {module}`{given}` |{values}")
        parts.append("\n".join(rows))
        parts.append(f"Finding of the source: {_cell(one.finding)}")
        if one.caution:
            parts.append(f"Caution: {_cell(one.caution)}")
    return "\n\n".join(parts) + "\n"


def _switch(name: str, value: str) -> str:
    if value in ("True", "False"):
        return settings.flag(name if value == "True" else f"no_{name}")
    return f"{settings.flag(name)} {value}"


# ---- The command -----------------------------------------------------------------------------------------------------


PAGES: dict[str, tuple[Path, Callable[[], str]]] = {
    "settings": (DOCS / "reference" / "settings.md", settings_page),
    "models": (DOCS / "reference" / "models.md", models_page),
    "published": (DOCS / "results" / "published.md", published_page),
}


def different(names: typing.Sequence[str]) -> list[Path]:
    """The pages that are not what the code says now."""
    return [path for path, make in map(PAGES.get, names) if not path.exists() or path.read_text("utf-8") != make()]


def main() -> int:
    parser = argparse.ArgumentParser(description="Writes the pages that come from the code.")
    parser.add_argument("pages", nargs="*", metavar="PAGE", help=f"{', '.join(PAGES)}; all if none is named")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a page differs")
    given = parser.parse_args()
    if unknown := [name for name in given.pages if name not in PAGES]:
        parser.error(f"there is no page {unknown[0]}; the pages are {', '.join(PAGES)}")
    names = given.pages or list(PAGES)
    if given.check:
        pages = different(names)
        for path in pages:
            print(f"{path} differs from the code; python docs/generate.py writes it anew", file=sys.stderr)
        return 1 if pages else 0
    for path, make in map(PAGES.get, names):
        path.write_text(make(), encoding="utf-8")
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
