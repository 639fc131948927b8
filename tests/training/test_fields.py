"""Every setting of a training has a visible effect, or is refused. A new field needs an entry here.

An entry gives flags and the part of the prepared training (`Observed`) that they change. For a setting that only acts
while a run trains, it names the test that shows the effect.
"""

import hashlib
import re
from collections.abc import Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf

import classifiers.cifar_resnet
import classifiers.efficientnet_lite
import classifiers.efficientnet_v2
import classifiers.inception_resnet_v2
import classifiers.recipe
import classifiers.small
import config
import generation.vae
import segmentation.recipe
import segmentation.segnet_basic
import segmentation.unet
import segmentation.unet_resnet50
from backbones import chosen_backbone
from settings import SettingError
from tests.conftest import ROOT, make_data_folder, settings_of
from training.compiled import build_or_load_model
from training.kinds import AUTOENCODER, CLASSIFIER, SEGMENTATION
from training.start import open_session

ELSEWHERE = "ELSEWHERE"
"""A placeholder for a new folder."""

SMALL = ("--image-size", "32", "--batch-size", "8")
CHEAP = {
    config.UNetConfig: ("--backbone", "small", "--decoder-filters", "4,2"),
    config.VaeConfig: ("--filters", "4,8", "--latent-size", "2"),
}
"""Flags that make the networks small."""


class Effect(NamedTuple):
    """`flags` change `part`. If there is no part, they are refused with a message that contains `refused`."""

    flags: tuple[str, ...]
    part: str = ""
    refused: str = ""


class ShownBy(NamedTuple):
    """The test that shows the effect, as FILE::TEST."""

    test: str


def changes(part: str, *flags: str) -> Effect:
    return Effect(flags, part)


TRAINING = {
    "data": ShownBy("tests/training/test_fit.py::test_the_run_folder_has_all_files"),
    "image_size": changes("stages", "--image-size", "48"),
    "batch_size": changes("stages", "--batch-size", "4"),
    "cache": changes("cached", "--cache", "disk"),
    "data_service": ShownBy("tests/distributed/test_data_service.py::test_a_service_of_processes_trains_as_without_it"),
    "epochs": changes("epochs", "--epochs", "3"),
    "steps_per_epoch": changes("stages", "--steps-per-epoch", "2"),
    "optimizer": changes("optimizer", "--optimizer", "sgd"),
    "weight_decay": changes("optimizer", "--weight-decay", "0.02"),
    "clip_norm": changes("optimizer", "--clip-norm", "1"),
    "ema": changes("optimizer", "--ema", "0.9"),
    "schedule": changes("schedule", "--schedule", "cosine"),
    "learning_rates": changes("schedule", "--learning-rates", "0.02"),
    "patience": changes("schedule", "--patience", "3"),
    "min_delta": changes("schedule", "--min-delta", "0.5"),
    "find_lr": ShownBy("tests/training/test_rate_finder.py::test_the_command_does_not_change_the_run"),
    "mixed_precision": changes("model", "--mixed-precision"),
    "jit": ShownBy("tests/training/test_feature_cache.py::test_steps_per_execution_and_jit_do_not_change_the_result"),
    "steps_per_execution": changes("stages", "--steps-per-execution", "2"),
    "strategy": changes("strategy", "--strategy", "mirrored"),
    "worker_timeout": Effect(("--worker-timeout", "5"), refused="only --strategy multi-worker waits"),
    "runs": changes("run", "--runs", ELSEWHERE),
    "name": changes("run", "--name", "another"),
    "resume": ShownBy("tests/training/test_fit.py::test_resume_never_starts_again_and_keeps_the_old_run"),
    "keep_checkpoints": ShownBy("tests/training/test_fit.py::test_class_weights_and_kept_checkpoints"),
    "verbose": ShownBy("tests/training/test_log_and_json.py::test_verbose_does_not_change_the_log"),
    "seed": changes("model", "--seed", "7"),
    "json": ShownBy("tests/training/test_log_and_json.py::test_json_of_a_resumed_and_a_finished_training"),
    "config": ShownBy("tests/test_setting_sources.py::test_tables_of_the_file_hold_for_their_commands"),
    "debug": ShownBy("tests/test_command.py::test_a_traceback_is_shown_by_debug_alone_and_kept_in_the_log"),
}
SUPERVISED = TRAINING | {
    "normalise": changes("model", "--normalise", "dataset"),
    "weights": Effect(("--weights", "nowhere.keras"), refused="should be imagenet, none, or a file"),
    "freeze": changes("model", "--freeze", "5"),
    "norm_statistics": ShownBy("tests/training/test_norm_statistics.py::test_pre_trained_statistics"),
    "recipe": ShownBy("tests/training/test_recipe_values.py::test_config_json_has_the_values"),
    "recalibrate_bn": ShownBy("tests/training/test_recalibration.py::test_the_command"),
    "unfreeze_schedule": changes("stages", "--unfreeze-schedule", "head,-3,all"),
    "backbone_rate": changes("optimizer", "--backbone-rate", "0.1"),
    "layer_decay": changes("optimizer", "--layer-decay", "0.8"),
    "stop_at": changes("target", "--stop-at", "0.5"),
    "augment": changes("batch", "--augment", "strong"),
    "class_weights": changes("weights", "--class-weights", "balanced"),
}
CLASSIFIERS = SUPERVISED | {
    "feature_views": Effect(("--feature-views", "3"), refused="is for --cache features"),
    "dropout": changes("model", "--dropout", "0.1"),
    "mixup": changes("batch", "--mixup", "1"),
    "cutmix": changes("batch", "--cutmix", "1"),
    "random_erasing": changes("batch", "--random-erasing", "1"),
    "loss": changes("objective", "--loss", "focal"),
    "label_smoothing": changes("objective", "--label-smoothing", "0.1"),
}
SEGMENTERS = SUPERVISED | {
    "crop": changes("batch", "--crop", "16"),
    "loss": changes("objective", "--loss", "dice"),
    "class_weights": changes("objective", "--class-weights", "background:0.1"),
    "score": ShownBy("tests/segmentation/test_training_options.py::test_the_best_epoch_by_mean_iou"),
}
VAE = TRAINING | {
    "colours": changes("model", "--colours", "gray"),
    "latent_size": changes("model", "--latent-size", "3"),
    "filters": changes("model", "--filters", "8,16"),
    "loss": changes("model", "--loss", "mse"),
    "beta": changes("model", "--beta", "2"),
}
EFFECTS: dict[object, tuple[type, Mapping[str, Effect | ShownBy]]] = {
    classifiers.small: (config.ClassifierConfig, CLASSIFIERS),
    segmentation.unet: (
        config.UNetConfig,
        SEGMENTERS
        | {
            "backbone": changes("model", "--backbone", "cifar_resnet_20"),
            "decoder_filters": changes("model", "--decoder-filters", "8,4"),
            "skip": changes("model", "--no-skip"),
        },
    ),
    generation.vae: (config.VaeConfig, VAE),
}
OWN_FIELDS = {
    (config.InceptionResNetV2Config, "stem"): (classifiers.inception_resnet_v2, ("--stem", "paper")),
    (config.EfficientNetLiteConfig, "variant"): (classifiers.efficientnet_lite, ("--variant", "2")),
    (config.EfficientNetV2Config, "variant"): (classifiers.efficientnet_v2, ("--variant", "b0")),
    (config.CifarResNetConfig, "depth"): (classifiers.cifar_resnet, ("--depth", "32")),
    (config.SegNetBasicConfig, "norm"): (segmentation.segnet_basic, ("--norm", "batch")),
    (config.UNetResNet50Config, "cut"): (segmentation.unet_resnet50, ("--cut", "conv2_block3_out")),
    (config.UNetResNet50Config, "skip"): (segmentation.unet_resnet50, ("--no-skip",)),
    (config.UNetResNet50Config, "decoder_filters"): (segmentation.unet_resnet50, ("--decoder-filters", "8,4")),
}
"""Fields that a class adds for one module: they change its backbone or its decoder."""

OWN_FIELDS_ELSEWHERE = {
    (config.PresetConfig, "preset"): "test_every_family_gives_features_with_the_weights_of_the_preset",
}
"""Such fields without a default, and the test in tests/backbones/test_presets.py that shows what they change."""

CASES = [(module, field) for module, (config_class, _) in EFFECTS.items() for field in config_class.model_fields]


class Observed:
    """A training that is prepared but not started."""

    def __init__(self, module: object, data: Path, runs: Path, flags: tuple[str, ...]):
        config_class = EFFECTS[module][0]
        self.settings = settings = settings_of(
            config_class, "--data", data, "--runs", runs, *SMALL, *CHEAP.get(config_class, ()), *flags
        )
        if module is generation.vae:
            kind, name, spec, prepare = AUTOENCODER, "vae", None, generation.vae.prepare
        else:
            recipe, room = module.RECIPE, classifiers if module.RECIPE is classifiers.small.RECIPE else segmentation
            kind = CLASSIFIER if room is classifiers else SEGMENTATION
            name, spec = recipe.name, chosen_backbone(recipe.backbone, settings)
            prepare = room.recipe.prepare if room is classifiers else partial(room.recipe.prepare, recipe)
            if room is classifiers:
                room.recipe.check_feature_cache(settings, spec)
        self.session = open_session(kind, name, spec, settings, lambda data: None)
        self.job = prepare(self.session)

    @cached_property
    def _opened(self) -> tuple[tf.distribute.Strategy, keras.Model]:
        return build_or_load_model(self.session, self.job)

    @property
    def stages(self) -> object:
        return self.session.stages

    @property
    def schedule(self) -> object:
        return self.session.schedule([])

    @property
    def epochs(self) -> object:
        return self.settings.epochs, self.session.schedule([])

    @property
    def target(self) -> object:
        """Whether an epoch of this score ends the training."""
        return self.session.target_reached([{"epoch": 1, "val_accuracy": 0.6, "val_loss": 1.0}])

    @property
    def run(self) -> object:
        return self.session.run.path

    @property
    def strategy(self) -> object:
        return type(self._opened[0]).__name__

    @property
    def model(self) -> object:
        model = self._opened[1]
        digest = hashlib.sha256(repr([layer.get_config() for layer in model._flatten_layers()]).encode())
        for weight in model.get_weights():
            digest.update(np.ascontiguousarray(weight).data)
        return digest.hexdigest(), len(model.trainable_variables)

    @property
    def optimizer(self) -> object:
        return self._opened[1].optimizer.get_config()

    @property
    def objective(self) -> object:
        loss = self.job.objective.loss()
        shape = (2, 4, 4) if self.session.kind is SEGMENTATION else (2,)
        classes = len(self.session.data.classes)
        logits = np.linspace(-2, 3, int(np.prod(shape)) * classes, dtype=np.float32).reshape(*shape, classes)
        target = np.arange(np.prod(shape)).reshape(shape) % classes
        return float(loss(target if self.session.kind is SEGMENTATION else np.eye(classes)[target], logits))

    @property
    def batch(self) -> object:
        images = next(iter(self.job.datasets.training(self.session.stages[0], 0)))[0]
        return images.shape.as_list(), images.numpy().tobytes()

    @property
    def weights(self) -> object:
        """Each target of the first batch with its weight, if it has one."""
        return len(next(iter(self.job.datasets.training(self.session.stages[0], 0))))

    @property
    def cached(self) -> object:
        """The files of the cache after a batch has been read."""
        next(iter(self.job.datasets.training(self.session.stages[0], 0)))
        return (
            sorted(path.name for path in self.session.run.cache.rglob("*")) if self.session.run.cache.exists() else []
        )


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> dict[object, Path]:
    """The data folder of each module. The classes differ in size, so that class weights differ."""
    folder = tmp_path_factory.mktemp("data")
    labels, masks = (
        make_data_folder(folder / task, source="scenes", pictures=30, picture_size=48, task=task)
        for task in ("classification", "segmentation")
    )
    return {classifiers.small: labels, segmentation.unet: masks, generation.vae: labels}


@pytest.fixture(scope="module")
def usual(data, tmp_path_factory) -> dict[object, Observed]:
    """A training of each kind with the default settings."""
    runs = tmp_path_factory.mktemp("runs")
    return {module: Observed(module, data[module], runs, ()) for module in EFFECTS}


@pytest.mark.parametrize(("module", "field"), CASES, ids=lambda case: getattr(case, "__name__", case))
def test_a_field_changes_something_or_is_refused(module, field, data, usual, tmp_path):
    entry = EFFECTS[module][1][field]
    if isinstance(entry, ShownBy):
        file, name = entry.test.split("::")
        assert re.search(rf"^def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), entry.test
        return
    runs = usual[module].session.run.path.parent
    if entry.refused:
        with pytest.raises(SettingError, match=rf"{field} = .*{entry.refused}"):
            Observed(module, data[module], runs, entry.flags)
        return
    flags = tuple(flag.replace(ELSEWHERE, str(tmp_path / "elsewhere")) for flag in entry.flags)
    changed = Observed(module, data[module], tmp_path if entry.part == "cached" else runs, flags)
    assert getattr(changed, entry.part) != getattr(usual[module], entry.part)


@pytest.mark.parametrize(("config_class", "field"), OWN_FIELDS, ids=lambda case: getattr(case, "__name__", case))
def test_a_field_of_one_model_changes_what_is_built(config_class, field):
    module, flags = OWN_FIELDS[config_class, field]
    usual, changed = settings_of(config_class), settings_of(config_class, *flags)
    backbones = [chosen_backbone(module.RECIPE.backbone, settings) for settings in (usual, changed)]
    if backbones[0] == backbones[1]:
        decoders = [module.RECIPE.resolve_decoder(settings) for settings in (usual, changed)]
        assert decoders[0].keywords != decoders[1].keywords


def test_every_field_of_every_training_has_an_entry():
    walked = {field for config_class, _ in EFFECTS.values() for field in config_class.model_fields}
    walked |= {field for _, field in (*OWN_FIELDS, *OWN_FIELDS_ELSEWHERE)}
    classes = [one for one in vars(config).values() if isinstance(one, type) and issubclass(one, config.TrainingConfig)]
    assert walked == {field for one in classes for field in one.model_fields}
    for config_class, entries in EFFECTS.values():
        assert entries.keys() == set(config_class.model_fields)
