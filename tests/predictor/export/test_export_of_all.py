"""Every network of the project can be exported. The export itself compares the outputs with the run."""

import importlib
import importlib.util
import pkgutil
import shutil
from pathlib import Path
from pkgutil import resolve_name

import keras
import pytest

import classifiers
import config
import segmentation
from backbones import chosen_backbone
from classifiers.network import build_classifier
from predictor.export.__main__ import export
from predictor.export.formats import FORMATS
from segmentation.network import build_segmenter

WANTED = [name for name in ("onnx", "openvino") if all(map(importlib.util.find_spec, FORMATS[name].packages))]
CLASSES = 5
SIZE = 64


def networks(room) -> list[str]:
    names = [f"{room.__name__}.{module.name}" for module in pkgutil.iter_modules(room.__path__)]
    return [name for name in names if hasattr(importlib.import_module(name), "RECIPE")]


def variants() -> list[tuple[str, ...]]:
    more = [
        ("classifiers.inception_resnet_v2", "--stem", "paper"),
        ("classifiers.efficientnet_v2", "--variant", "b0"),
        ("segmentation.unet", "--backbone", "convnext_tiny"),
        ("segmentation.unet_resnet50", "--no-skip"),
        ("segmentation.segnet_basic", "--norm", "batch"),
    ]
    return [(name,) for room in (classifiers, segmentation) for name in networks(room)] + more


def build(name: str, *flags: str) -> keras.Model:
    """With random weights."""
    recipe = resolve_name(f"{name}:RECIPE")
    settings = getattr(config, recipe.config)(_cli_parse_args=list(flags))
    row = chosen_backbone(recipe.backbone, settings)
    if name.startswith("classifiers"):
        shape = (max(row.smallest, SIZE), max(row.smallest, SIZE), 3)
        return build_classifier(row, shape, CLASSES, "none", 0, 0.3, row.normalisation)
    decoder, head = recipe.resolve_decoder(settings), recipe.resolve_head()
    return build_segmenter(row, CLASSES, "none", 0, row.normalisation, decoder, head)


@pytest.mark.slow
@pytest.mark.skipif(not WANTED, reason="needs the extra `export`")
@pytest.mark.parametrize("variant", variants(), ids=" ".join)
def test_the_export_succeeds(variant, small_run, scenes, tmp_path):
    """The weights are random; everything else is as after training."""
    folder: Path = tmp_path / "run"
    shutil.copytree(small_run, folder)
    keras.utils.set_random_seed(0)
    model = build(*variant)
    kind = "classifier" if variant[0].startswith("classifiers") else "segmentation"
    side = model.input_shape[1] or 2 * SIZE
    text = (folder / "config.json").read_text().replace('"kind": "classifier"', f'"kind": "{kind}"')
    (folder / "config.json").write_text(text.replace('"image_size": "32x32"', f'"image_size": "{side}x{side}"'))
    model.save(folder / "checkpoints" / "best.keras")
    del model
    keras.backend.clear_session()
    given = config.ExportConfig(
        run=(str(folder),), output=tmp_path / "out", format=tuple(WANTED), test_images=str(scenes / "val")
    )
    export(given)
    assert {path.suffix for path in (tmp_path / "out").iterdir()} >= {
        Path(FORMATS[name].file).suffix for name in WANTED
    }
