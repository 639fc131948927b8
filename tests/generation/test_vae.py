"""A variational auto-encoder from a data folder to figures: its history, its resumption, its files, its settings."""

import json
import math
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf

from config import TrainingConfig, VaeConfig
from datatransformer.layout import read_data_folder
from generation import figures, vae
from generation.batches import is_grayscale
from generation.network import build_vae, halvings
from layers.saved import load_saved_model
from pipeline.decode import decode_and_resize
from settings import SettingError
from tests.conftest import (
    assert_equal_arrays,
    history,
    run,
    run_code,
    saved_state,
    settings_of,
    table,
    train_here,
    without_report,
)
from training.kinds import AUTOENCODER
from training.start import open_session

TINY = ("--image-size", "20x28", "--batch-size", 8, "--filters", "4,8,8", "--verbose", "none", "--cache", "none")
PLANE = ("--latent-size", 2, "--loss", "ce+mse", "--beta", 0.5, "--ema", 0.8)
"""Codes of two numbers, both losses, averaged weights."""


def train(data: Path, runs: Path, *flags: object) -> Path:
    return train_here(vae.train, VaeConfig, data, runs, *TINY, *flags)


@pytest.fixture(scope="module")
def trained(scenes, tmp_path_factory) -> Path:
    """Three epochs on 50 images in colour."""
    return train(scenes, tmp_path_factory.mktemp("runs"), *PLANE, "--epochs", 3)


def test_the_loss_is_the_reconstruction_plus_beta_times_the_kl_divergence(trained):
    rows = history(trained)
    assert len(rows) == 3 and rows[-1]["loss"] < rows[0]["loss"]
    for row in rows:
        for split in ("", "val_"):
            loss = row[f"{split}reconstruction"] + 0.5 * row[f"{split}kl"]
            assert row[f"{split}loss"] == pytest.approx(loss, rel=1e-5)


def test_the_history_has_the_scores_of_the_checkpoint(scenes, trained):
    """Computed by NumPy from the averaged weights, with the noise of the validation."""
    model = load_saved_model(trained / "checkpoints" / "best.keras")
    paths = read_data_folder(scenes, "classification").images("val")
    images = np.stack([decode_and_resize(Path(path).read_bytes(), (20, 28)) for path in paths]).astype(np.float32)
    mean, log_variance = (np.asarray(values) for values in model.get_layer("encoder")(images))
    noise = model.get_layer("code").noise
    noise.state.assign([0, -(2**18)])
    drawn = [keras.random.normal((count, 2), seed=noise) for count in (8, 2)]  # ten images in batches of eight
    codes = mean + np.exp(log_variance / 2) * np.concatenate(drawn)
    p = 1 / (1 + np.exp(-np.asarray(model.get_layer("decoder")(codes), np.float64)))
    x = images / 255
    reconstruction = -(x * np.log(p) + (1 - x) * np.log(1 - p)) + (x - p) ** 2
    kl = 0.5 * (mean**2 + np.exp(log_variance) - log_variance - 1).sum(axis=1)
    best = min(history(trained), key=lambda row: row["val_loss"])
    assert best["val_reconstruction"] == pytest.approx(reconstruction.sum(axis=(1, 2, 3)).mean(), rel=1e-4)
    assert best["val_kl"] == pytest.approx(kl.mean(), rel=1e-4)
    assert best["val_mse"] == pytest.approx(((x - p) ** 2).mean(), rel=1e-4)


def test_a_resumed_run_ends_like_an_uninterrupted_one(scenes, trained, tmp_path):
    with without_report():
        for epochs in (1, 3):
            folder = train(scenes, tmp_path, *PLANE, "--epochs", epochs, "--resume", "last")
    assert history(folder) == history(trained)
    assert_equal_arrays(saved_state(folder), saved_state(trained))


def test_noise_is_new_in_each_epoch_and_the_same_in_each_validation():
    from training.callbacks import SeedEpochs

    model = build_vae((8, 8), 1, 2, (2,), seed=0)
    seeds, state = SeedEpochs(3), model.get_layer("code").noise.state
    seeds.set_model(model)
    states = []
    for epoch in range(3):
        seeds.on_epoch_begin(epoch)
        states.append(np.asarray(state).tolist())
        seeds.on_test_begin()
        states.append(np.asarray(state).tolist())
    assert states[1] == states[3] == states[5], "validation"
    counters = [counter for _, counter in states[::2]]
    assert min(np.diff(counters)) > 10_000, "no epoch draws the noise of another"


# ---- Figures ---------------------------------------------------------------------------------------------------------

ROWS = {"reconstructions": 10, "samples": 100, "walk": 27, "latent_plane": 289, "pca": 10, "tsne": 10}
"""Rows of the CSV of each figure: 10 validation images of five classes, so three walks of nine steps."""


@pytest.mark.parametrize("name", ROWS)
def test_each_figure_has_its_numbers(trained, name):
    image = cv2.imread(str(trained / "figures" / f"{name}.png"))
    assert min(image.shape[:2]) > 100 and len(np.unique(image.reshape(-1, 3), axis=0)) > 100, "it is not blank"
    assert len(table(trained / "figures" / f"{name}.csv")) == ROWS[name]


def test_the_plane_has_codes_at_equal_steps_of_probability(trained):
    assert (trained / "figures" / "learning_curve.png").exists() and table(trained / "figures" / "learning_rate.csv")
    plane = np.array([[float(value) for value in row.values()] for row in table(trained / "figures/latent_plane.csv")])
    assert plane.shape == (17 * 17, 2) and plane.mean() == pytest.approx(0, abs=1e-6)
    shares = np.array([0.5 * (1 + math.erf(x / 2**0.5)) for x in plane[:17, 0]])
    np.testing.assert_allclose(np.diff(shares), 1 / 17, atol=1e-4)
    names = {row["name"] for row in table(trained / "classes.csv")}
    assert {row["class"] for row in table(trained / "figures" / "tsne.csv")} == names


def test_figures_are_computed_in_batches_of_the_run(scenes, tmp_path, monkeypatch):
    from predictor.codes.autoencoder import Autoencoder

    sizes = []
    for name in ("encode", "decode"):
        compute = getattr(Autoencoder, name)
        monkeypatch.setattr(Autoencoder, name, lambda self, values, compute=compute: noted(self, values, compute))

    def noted(autoencoder, values, compute):
        sizes.append(len(values))
        return compute(autoencoder, values)

    monkeypatch.setattr(figures, "METHODS", ())
    train(scenes, tmp_path, "--latent-size", 2, "--epochs", 1, "--batch-size", 7)
    assert max(sizes) == 7 and sum(sizes) == 10 + 100 + 27 + 289


def test_a_finished_run_says_so(scenes, trained, caplog):
    caplog.set_level("INFO", "scenelab")
    flags = ("--data", scenes, "--runs", trained.parent, *TINY, *PLANE, "--epochs", 3)
    result = vae.train(settings_of(VaeConfig, *flags))
    assert "was finished before" in caplog.text and "Best epoch" in caplog.text and "KL" in caplog.text
    assert result["run"] == trained and result["epochs"] == 3


# ---- The network -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "filters"), [((20, 28), (4, 8, 8)), ((17, 9), (2, 2, 2, 2)), ((32, 32), (4,))])
@pytest.mark.parametrize("channels", [1, 3])
def test_logits_have_the_size_of_the_image(size, filters, channels):
    model = build_vae(size, channels, 5, filters)
    assert model(np.zeros((2, *size, 3), np.float32)).shape == (2, *size, channels)
    assert halvings(size, len(filters))[-1] == tuple(-(-side // 2 ** len(filters)) for side in size)
    weights = [weight.path for weight in model.trainable_weights]
    assert len(weights) == 2 * (2 * len(filters) + 5), "convolutions both ways, two hidden, spread, mean, variance"


def test_it_loads_in_a_new_process_that_imports_only_layers(trained):
    code = (
        "import sys, numpy as np; from layers.saved import load_saved_model; from pathlib import Path;"
        f"model = load_saved_model(Path({str(trained / 'checkpoints' / 'best.keras')!r}));"
        "mean, _ = model.get_layer('encoder')(np.full((1, 20, 28, 3), 99.0, 'float32'));"
        "print(float(np.sum(model.get_layer('decoder')(mean)))); assert 'generation' not in sys.modules"
    )
    done = run_code(code)
    assert done.code == 0, done.err
    model = load_saved_model(trained / "checkpoints" / "best.keras")
    mean, _ = model.get_layer("encoder")(np.full((1, 20, 28, 3), 99.0, "float32"))
    assert float(done.out) == pytest.approx(float(np.sum(model.get_layer("decoder")(mean))), rel=1e-5)


def test_of_a_data_folder_for_segmentation_only_the_images_are_used(squares, tmp_path):
    folder = train(squares, tmp_path, "--epochs", 1, "--latent-size", 3, "--colours", "gray")
    model = load_saved_model(folder / "checkpoints" / "best.keras")
    assert model.output_shape == (None, 20, 28, 1) and model.input_shape == (None, 20, 28, 3)
    assert not (folder / "figures" / "latent_plane.png").exists()
    assert list(table(folder / "figures" / "pca.csv")[0]) == ["pixels x", "pixels y", "codes x", "codes y"]


def test_images_are_gray_if_no_pixel_has_a_colour():
    images = np.repeat(np.random.default_rng(0).integers(0, 250, (10, 6, 5, 1), np.uint8), 3, axis=-1)
    assert is_grayscale(tf.data.Dataset.from_tensor_slices(images).batch(4))
    images[9, 5, 4] = 0, 0, 5
    assert not is_grayscale(tf.data.Dataset.from_tensor_slices(images).batch(4))


def test_two_devices_compute_the_loss_of_one(tmp_path):
    """Two replicas with half of the batch each."""
    code = (
        "import tensorflow as tf, numpy as np, keras;"
        "cpu = tf.config.list_physical_devices('CPU')[0];"
        "tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2);"
        "from generation.network import build_vae;"
        "from distributed.cluster import Cluster; from training.strategy import make_strategy;"
        "images = np.random.default_rng(0).integers(0, 256, (8, 8, 8, 3)).astype('float32');\n"
        "for name in ('mirrored', 'none'):\n"
        "    keras.utils.set_random_seed(0); strategy = make_strategy(name, Cluster())\n"
        "    with strategy.scope():\n"
        "        model = build_vae((8, 8), 1, 2, (2,), beta=2.0, seed=0); model.compile('sgd')\n"
        "    model.get_layer('encoder').get_layer('log_variance').bias.assign([-40.0, -40.0])\n"  # there is no noise
        "    batches = tf.data.Dataset.from_tensor_slices(images).batch(8)\n"
        "    print(model.evaluate(batches, verbose=0), flush=True)\n"
    )
    done = run_code(code)
    assert done.code == 0, done.err
    two, one = (np.array(json.loads(line)) for line in done.out.splitlines())
    np.testing.assert_allclose(two, one, rtol=1e-5)


def test_the_rate_finder_suggests_a_rate(scenes, tmp_path, caplog):
    caplog.set_level("INFO", "scenelab")
    train(scenes, tmp_path, "--find-lr")
    assert "--learning-rates" in caplog.text
    assert not (tmp_path / "vae" / "history.csv").exists()


# ---- Settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--filters", "4,4,4,4,4,4"], "filters = '4,4,4,4,4,4'.*at most 5 filters, or an --image-size of 33"),
        (["--image-size", "32,64"], "image_size.*at most 1"),
        (["--loss", "bce"], "loss = 'bce'"),
        (["--beta", "-1"], "beta = '-1'"),
        (["--latent-size", 0], "latent_size = '0'"),
        (["--augment", "light"], "unknown flag --augment"),
        (["--learning-rates", "1e-3,1e-4", "--schedule", "cosine"], "learning_rates = .*schedule cosine"),
        (["--schedule", "cosine", "--patience", 3], "patience = '3'.*schedule cosine"),
        (["--schedule", "cosine", "--min-delta", 1], "min_delta = '1.0'.*schedule cosine"),
    ],
)
def test_wrong_settings(scenes, tmp_path, flags, words):
    with pytest.raises(SettingError, match=words):
        train_here(vae.train, VaeConfig, scenes, tmp_path, "--image-size", 20, *flags)
    assert not list(tmp_path.iterdir())


CHANGES = {
    "image_size": "24x28",
    "batch_size": "4",
    "colours": "gray",
    "latent_size": "3",
    "filters": "4,8",
    "learning_rates": "0.01",
    "patience": "1",
    "min_delta": "200",
    "loss": "mse",
    "beta": "2",
}
"""Another value for each field that VaeConfig defines or redefines."""

OWN_FIELDS = [
    name
    for name, field in VaeConfig.model_fields.items()
    if name not in TrainingConfig.model_fields or repr(field) != repr(TrainingConfig.model_fields[name])
]


def describe(data: Path, runs: Path, *flags: str) -> tuple[object, ...]:
    """The model, the stages, and whether the schedule has ended after each of 29 epochs that improve less and less."""
    settings = settings_of(VaeConfig, "--data", data, "--runs", runs, *TINY, *flags)
    session = open_session(AUTOENCODER, "vae", None, settings, lambda data: None)
    model = vae.prepare(session).build()
    rows = [{"stage": 0, "val_loss": 1000 / min(epoch, 10)} for epoch in range(1, 30)]
    ended = [session.schedule(rows[:end]).ended for end in range(30)]
    return json.dumps([layer.get_config() for layer in model.layers], default=repr), session.stages, ended


@pytest.mark.parametrize("field", OWN_FIELDS)
def test_every_setting_changes_the_training(field, scenes, tmp_path):
    assert field in CHANGES, "a new field needs a test"
    before = describe(scenes, tmp_path / "before")
    assert describe(scenes, tmp_path / "again") == before
    assert describe(scenes, tmp_path / "after", f"--{field.replace('_', '-')}", CHANGES[field]) != before


def test_a_run_keeps_the_size_of_its_codes(scenes, trained):
    with pytest.raises(SettingError, match=r"latent_size = '3'(.|\n)*beta = '1.0'"):
        train(scenes, trained.parent, "--latent-size", 3, "--loss", "ce+mse", "--ema", 0.8, "--epochs", 4)


def test_help_needs_no_tensorflow():
    done = run("generation.vae", "--help")
    assert done.code == 0 and "--latent-size" in done.out and "tensorflow" not in done.err
