"""A variational auto-encoder from a data folder to figures; its history, its exactness, its files."""

import csv
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from config import VaeConfig
from datatransformer.layout import read_data_folder
from generation import vae
from generation.batches import are_gray
from generation.network import build_vae, halvings
from layers.saved import load_saved_model
from pipeline.decode import decode_and_resize
from settings import SettingError, read_settings
from tests.conftest import ROOT, run

TINY = ("--image-size", "20x28", "--batch-size", 8, "--filters", "4,8,8", "--verbose", "none", "--cache", "none")


def train(data, runs, *flags) -> Path:
    argv = [str(flag) for flag in ("--data", data, "--runs", runs, *TINY, *flags)]
    vae.train(read_settings(VaeConfig, argv, "test"))
    return runs / "vae"


@pytest.fixture(scope="module")
def trained(scenes, tmp_path_factory) -> Path:
    """Two numbers a code, both losses, three epochs on 50 pictures in colour."""
    return train(scenes, tmp_path_factory.mktemp("runs"), *RECIPE, "--epochs", 3)


RECIPE = ("--latent-size", 2, "--loss", "ce+mse", "--beta", 0.5, "--ema", 0.8)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def history(folder: Path) -> list[dict[str, float]]:
    return [{key: float(row[key]) for key in row if key != "seconds"} for row in table(folder / "history.csv")]


def last(folder: Path) -> list[np.ndarray]:
    model = load_saved_model(folder / "checkpoints" / "last.keras", compiled=True)
    return [*model.get_weights(), *(np.asarray(variable) for variable in model.optimizer.variables)]


def test_both_parts_of_the_loss_are_in_the_history(trained):
    rows = history(trained)
    assert len(rows) == 3 and rows[-1]["loss"] < rows[0]["loss"]
    for row in rows:
        for split in ("", "val_"):
            loss = row[f"{split}reconstruction"] + 0.5 * row[f"{split}kl"]
            assert row[f"{split}loss"] == pytest.approx(loss, rel=1e-5)


def test_what_history_says_is_what_the_checkpoint_does(scenes, trained):
    """Of the averaged weights, with the noise of validation, by NumPy."""
    model = load_saved_model(trained / "checkpoints" / "best.keras")
    images = read_data_folder(scenes, "classification").images("val")
    pictures = np.stack([decode_and_resize(Path(image).read_bytes(), (20, 28)) for image in images]).astype(np.float32)
    mean, log_variance = (np.asarray(values) for values in model.get_layer("encoder")(pictures))
    noise = model.get_layer("code").noise
    noise.state.assign([0, -(2**18)])
    drawn = [keras.random.normal((count, 2), seed=noise) for count in (8, 2)]  # ten pictures in batches of eight
    codes = mean + np.exp(log_variance / 2) * np.concatenate(drawn)
    p = 1 / (1 + np.exp(-np.asarray(model.get_layer("decoder")(codes), np.float64)))
    x = pictures / 255
    reconstruction = -(x * np.log(p) + (1 - x) * np.log(1 - p)) + (x - p) ** 2
    kl = 0.5 * (mean**2 + np.exp(log_variance) - log_variance - 1).sum(axis=1)
    best = min(history(trained), key=lambda row: row["val_loss"])
    assert best["val_reconstruction"] == pytest.approx(reconstruction.sum(axis=(1, 2, 3)).mean(), rel=1e-4)
    assert best["val_kl"] == pytest.approx(kl.mean(), rel=1e-4)
    assert best["val_mse"] == pytest.approx(((x - p) ** 2).mean(), rel=1e-4)


def test_a_resumed_run_is_an_unbroken_one(scenes, trained, tmp_path, monkeypatch):
    monkeypatch.setattr(vae, "report", lambda *_: None)  # figures take longer than the epochs
    for epochs in (1, 3):
        folder = train(scenes, tmp_path, *RECIPE, "--epochs", epochs, "--resume", "last")
    assert history(folder) == history(trained)
    for one, other in zip(last(folder), last(trained), strict=True):
        np.testing.assert_array_equal(one, other)


def test_noise_is_new_in_each_epoch_and_the_same_in_each_validation():
    from training.callbacks import SeedEpochs

    model = build_vae((8, 8), 1, 2, (2,), seed=0)
    seeds, state = SeedEpochs(3), model.get_layer("code").noise.state
    seeds.set_model(model)
    begun = []
    for epoch in range(3):
        seeds.on_epoch_begin(epoch)
        begun.append(np.asarray(state).tolist())
        seeds.on_test_begin()
        begun.append(np.asarray(state).tolist())
    assert begun[1] == begun[3] == begun[5], "validation"
    counters = [counter for _, counter in begun[::2]]
    assert min(np.diff(counters)) > 10_000, "no epoch draws what another has drawn"


def test_figures_and_their_numbers(trained):
    figures = trained / "figures"
    names = ("reconstructions", "samples", "walk", "latent_plane", "pca", "tsne", "learning_rate")
    for name in names:
        assert (figures / f"{name}.png").stat().st_size > 5000 and len(table(figures / f"{name}.csv")) >= 8
    assert (figures / "learning_curve.png").exists()
    plane = np.array([[float(value) for value in row.values()] for row in table(figures / "latent_plane.csv")])
    assert plane.shape == (17 * 17, 2) and plane.mean() == pytest.approx(0, abs=1e-6)
    assert {row["class"] for row in table(figures / "tsne.csv")} == {
        row["name"] for row in table(trained / "classes.csv")
    }


def test_a_finished_run_says_so(scenes, trained, capsys):
    train(scenes, trained.parent, *RECIPE, "--epochs", 3)
    said = capsys.readouterr().out
    assert "was finished before" in said and "Least validation loss" in said and "KL" in said


@pytest.mark.parametrize(("size", "filters"), [((20, 28), (4, 8, 8)), ((17, 9), (2, 2, 2, 2)), ((32, 32), (4,))])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_size_comes_back(size, filters, channels):
    model = build_vae(size, channels, 5, filters)
    assert model(np.zeros((2, *size, 3), np.float32)).shape == (2, *size, channels)
    assert halvings(size, len(filters))[-1] == tuple(-(-side // 2 ** len(filters)) for side in size)
    gradients = [weight.path for weight in model.trainable_weights]
    assert len(gradients) == 2 * (2 * len(filters) + 5), "convolutions both ways, two hidden, spread, mean, variance"


def test_it_loads_in_a_new_process_that_knows_the_layers_alone(trained):
    code = (
        "import sys, numpy as np; from layers.saved import load_saved_model; from pathlib import Path;"
        f"model = load_saved_model(Path({str(trained / 'checkpoints' / 'best.keras')!r}));"
        "mean, _ = model.get_layer('encoder')(np.full((1, 20, 28, 3), 99.0, 'float32'));"
        "print(float(np.sum(model.get_layer('decoder')(mean)))); assert 'generation' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    model = load_saved_model(trained / "checkpoints" / "best.keras")
    mean, _ = model.get_layer("encoder")(np.full((1, 20, 28, 3), 99.0, "float32"))
    assert float(done.stdout) == pytest.approx(float(np.sum(model.get_layer("decoder")(mean))), rel=1e-5)


def test_of_a_data_folder_for_segmentation_the_pictures_alone_are_taken(tmp_path):
    data = tmp_path / "squares"
    flags = ("--source", "squares", "--pictures", 20, "--picture-size", 128, "--data", data)
    assert run("datatransformer", *flags).code == 0
    folder = train(data, tmp_path, "--epochs", 1, "--latent-size", 3, "--colours", "gray")
    model = load_saved_model(folder / "checkpoints" / "best.keras")
    assert model.output_shape == (None, 20, 28, 1) and model.input_shape == (None, 20, 28, 3)
    figures = folder / "figures"
    assert not (figures / "latent_plane.png").exists()
    assert list(table(figures / "pca.csv")[0]) == ["pixels x", "pixels y", "codes x", "codes y"]


def test_pictures_are_gray_if_no_pixel_has_a_colour():
    pictures = np.repeat(np.random.default_rng(0).integers(0, 250, (10, 6, 5, 1), np.uint8), 3, axis=-1)
    assert are_gray(tf.data.Dataset.from_tensor_slices(pictures).batch(4))
    pictures[9, 5, 4] = 0, 0, 5
    assert not are_gray(tf.data.Dataset.from_tensor_slices(pictures).batch(4))


def test_two_devices_learn_as_one(tmp_path):
    """Two replicas, each with half of the batch: the loss is that of the whole batch."""
    code = (
        "import tensorflow as tf, numpy as np, keras;"
        "cpu = tf.config.list_physical_devices('CPU')[0];"
        "tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2);"
        "from generation.network import build_vae;"
        "from training.cluster import Cluster; from training.strategy import make_strategy;"
        "pictures = np.random.default_rng(0).integers(0, 256, (8, 8, 8, 3)).astype('float32');\n"
        "for name in ('mirrored', 'none'):\n"
        "    keras.utils.set_random_seed(0); strategy = make_strategy(name, Cluster())\n"
        "    with strategy.scope():\n"
        "        model = build_vae((8, 8), 1, 2, (2,), beta=2.0, seed=0); model.compile('sgd')\n"
        "    model.get_layer('encoder').get_layer('log_variance').bias.assign([-40.0, -40.0])\n"  # noise is nothing
        "    batches = tf.data.Dataset.from_tensor_slices(pictures).batch(8)\n"
        "    print(model.evaluate(batches, verbose=0), flush=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    two, one = (np.array(eval(line)) for line in done.stdout.splitlines())
    np.testing.assert_allclose(two, one, rtol=1e-5)


def test_the_rate_finder_suggests(scenes, tmp_path, capsys):
    train(scenes, tmp_path, "--find-lr")
    assert "Suggestion: --learning-rates" in capsys.readouterr().out
    assert not (tmp_path / "vae" / "history.csv").exists()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--filters", "4,4,4,4,4,4"], "filters = '4,4,4,4,4,4'.*at most 5 filters, or an --image-size of 33"),
        (["--image-size", "32,64"], "image_size.*at most 1"),
        (["--loss", "bce"], "loss = 'bce'"),
        (["--beta", "-1"], "beta = '-1'"),
        (["--latent-size", 0], "latent_size = '0'"),
        (["--augment", "light"], "unknown flag --augment"),
        (["--learning-rates", "1e-3,1e-4", "--schedule", "cosine"], "schedule cosine has one rate"),
    ],
)
def test_wrong_settings(scenes, tmp_path, flags, words):
    argv = [str(flag) for flag in ("--data", scenes, "--runs", tmp_path, "--image-size", 20, *flags)]
    with pytest.raises(SettingError, match=words):
        vae.train(read_settings(VaeConfig, argv, "test"))
    assert not list(tmp_path.iterdir())


def test_a_run_is_bound_to_its_codes(scenes, trained):
    with pytest.raises(SettingError, match=r"latent_size = '3'(.|\n)*beta = '1.0'"):
        train(scenes, trained.parent, "--latent-size", 3, "--loss", "ce+mse", "--ema", 0.8, "--epochs", 4)


def test_help_is_quick():
    done = run("generation.vae", "--help")
    assert done.code == 0 and "--latent-size" in done.out and "tensorflow" not in done.err
