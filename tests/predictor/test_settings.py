"""Every setting of `python -m predictor` changes something for every kind of run, or is refused.

A new field of PredictorConfig fails here until `CASES` says what it does in each situation.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import keras
import pytest
from matplotlib.figure import Figure

from config import PredictorConfig
from generation.network import build_vae
from predictor import model, predict, reading
from predictor.codes.autoencoder import Autoencoder
from predictor.engines import ray_engine
from predictor.engines.ray_engine import RayTask
from predictor.labels import ensemble
from predictor.masks import segment, segmenter
from setting_flags import flag
from settings import SettingError, Settings
from tests.conftest import make_data_folder, noise, settings_of
from training.run_folder import RunFolder

SITUATIONS = {
    "classifier": "--run classifier --test-images {images}",
    "ensemble": "--run classifier,second --test-images {images}",
    "evaluation": "--run classifier --evaluate {data}",
    "labels": "--run tagger --test-images {images}",
    "label ensemble": "--run tagger,second_tagger --test-images {images} --threshold 0.5",
    "shard": "--run classifier --test-images {images} --shard 1/2",
    "ray": "--run classifier --test-images {images} --engine ray",
    "segmentation": "--run segmenter --test-images {images}",
    "tiles": "--run segmenter --test-images {images} --tile 32",
    "mask evaluation": "--run segmenter --evaluate {masks}",
    "autoencoder": "--run autoencoder --test-images {images}",
    "samples": "--run autoencoder --samples 3",
}
"""Flags of the command in each situation."""

CLASSIFIERS = ("classifier", "ensemble", "evaluation", "shard", "ray")
LABELS = ("labels", "label ensemble")
MASKS = ("segmentation", "tiles", "mask evaluation")
EVALUATIONS = ("evaluation", "mask evaluation")
IMAGES = tuple(name for name in SITUATIONS if name not in (*EVALUATIONS, "samples"))
READING = tuple(name for name in SITUATIONS if name != "samples")


@dataclass(frozen=True)
class Case:
    """A value of a field, and the situations in which it changes something; in all others the field is refused.

    Attributes:
        other_values: values for certain situations.
        without: fields of the situation that cannot be combined with this one.
    """

    value: str
    changes: tuple[str, ...]
    other_values: dict[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()


CASES = {
    "test_images": Case("{other_images}", IMAGES),
    "evaluate": Case(
        "{data}", (*CLASSIFIERS, *LABELS, *MASKS), {"evaluation": "{fewer_data}", **dict.fromkeys(MASKS, "{masks}"),
        "mask evaluation": "{fewer_masks}", **dict.fromkeys(LABELS, "{label_data}")}, ("test_images",),
    ),
    "split": Case("test", ("evaluation", "mask evaluation")),
    "shard": Case("2/2", READING),
    "runs": Case("{other_runs}", tuple(SITUATIONS)),
    "run": Case(
        "{other_runs}/classifier", tuple(SITUATIONS), {"ensemble": "second,{other_runs}/classifier",
        **dict.fromkeys(MASKS, "{other_runs}/segmenter"), "labels": "{other_runs}/tagger",
        "label ensemble": "second_tagger,{other_runs}/tagger",
        **dict.fromkeys(("autoencoder", "samples"), "{other_runs}/autoencoder")},
    ),
    "max_pixels": Case("1000000", READING),
    "policy": Case("max", ("ensemble", "label ensemble")),
    "tta": Case("flip", (*CLASSIFIERS, *LABELS, *MASKS)),
    "tile": Case("48", MASKS),
    "overlap": Case("0", ("tiles",)),
    "samples": Case("4", ("autoencoder", "samples"), without=("test_images",)),
    "batch_size": Case("2", tuple(SITUATIONS)),
    "engine": Case("tensorflow", (*CLASSIFIERS, *LABELS, *MASKS)),
    "precision": Case("bf16", (*CLASSIFIERS, *LABELS, *MASKS)),
    "workers": Case("1", READING, {"tiles": "2"}),
    "output": Case("{output}", tuple(SITUATIONS)),
    "top_k": Case("2", CLASSIFIERS),
    "threshold": Case("0.9", LABELS),
    "mask_files": Case("colour", MASKS, {"tiles": "coco,labelme,yolo,label-studio"}),
    "encoding_files": Case("reconstruction", ("autoencoder",)),
    "overwrite": Case("", tuple(SITUATIONS)),
    "seed": Case("1", ("samples",)),
}  # fmt: skip


def write_run(folder: Path, kind: str, settings: dict, classes: tuple[str, ...], network: keras.Model) -> None:
    run = RunFolder(folder)
    run.write_config(kind, kind, {"seed": 0, **settings}, classes)
    network.save(run.best)


def write_runs(folder: Path, seed: int, classes: tuple[str, ...], mask_classes: tuple[str, ...]) -> None:
    """Runs with random weights, which are the same for the same seed."""
    keras.utils.set_random_seed(seed)
    kinds = {"classifier": "classifier", "second": "classifier", "tagger": "multilabel", "second_tagger": "multilabel"}
    for name, kind in kinds.items():
        layers = [keras.Input((32, 32, 3)), keras.layers.Rescaling(1 / 64), keras.layers.Conv2D(8, 9, 8)]
        network = keras.Sequential([*layers, keras.layers.Flatten(), keras.layers.Dense(len(classes))])
        write_run(folder / name, kind, {"image_size": "32"}, classes, network)
    layers = [keras.Input((None, None, 3)), keras.layers.Rescaling(1 / 64)]
    network = keras.Sequential([*layers, keras.layers.Conv2D(len(mask_classes), 9, padding="same")])
    write_run(folder / "segmenter", "segmentation", {"image_size": "32"}, mask_classes, network)
    network = build_vae((16, 16), 3, 3, (4, 8))
    write_run(folder / "autoencoder", "autoencoder", {"image_size": "16", "latent_size": 3}, (), network)


def without_a_validation_image(data: Path, copy: Path) -> Path:
    shutil.copytree(data, copy)
    manifest = copy / "manifest.csv"
    lines = manifest.read_text().splitlines(keepends=True)
    lines.remove(next(line for line in lines if line.startswith("val/")))
    manifest.write_text("".join(lines))
    return copy


def with_several_labels(data: Path, copy: Path) -> None:
    """A copy of a data folder for classification, whose images have their class as their only label."""
    shutil.copytree(data, copy)
    manifest = copy / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("image,split,class", "image,split,labels", 1))


@pytest.fixture(scope="module")
def places(tmp_path_factory) -> dict[str, Path]:
    """Images, data folders and runs by the names that `SITUATIONS` and `CASES` use."""
    root = tmp_path_factory.mktemp("places")
    for folder, count in (("images", 4), ("other_images", 3)):
        (root / folder).mkdir()
        for number in range(count):
            cv2.imwrite(str(root / folder / f"{number}.png"), noise(60, 70, 3, seed=number + 10 * count))
    classes = {}
    for folder, task in (("data", "classification"), ("masks", "segmentation")):
        make_data_folder(root / folder, source="scenes", task=task, pictures=20, picture_size=64, test_fraction=0.2)
        without_a_validation_image(root / folder, root / f"fewer_{folder}")
        names = (root / folder / "classes.csv").read_text().splitlines()[1:]
        classes[folder] = tuple(name.split(",")[1] for name in names)
    with_several_labels(root / "data", root / "label_data")
    for folder, seed in (("runs", 0), ("other_runs", 1)):
        write_runs(root / folder, seed, classes["data"], classes["masks"])
    names = (
        "images", "other_images", "data", "masks", "label_data", "fewer_data", "fewer_masks", "runs", "other_runs",
    )  # fmt: skip
    return {name: root / name for name in names}


class Recorder:
    """Records what cannot be seen in the files: workers, batch sizes and the engine. TensorFlow in f32 computes."""

    def __init__(self, patch: pytest.MonkeyPatch):
        self.seen: set[object] = set()
        in_parallel, load_runner, decode = reading.in_parallel, model.load_runner, Autoencoder.decode
        batches = reading.ImageReader.batches

        def record_workers(function, items, workers=None, *rest):
            self.seen.add(("workers", workers))
            return in_parallel(function, items, workers, *rest)

        def record_engine(run, engine, precision, size, *wrap, **options):
            runner = load_runner(run, "tensorflow", "f32", size, *wrap, **options)
            self.seen.add(("engine", engine, precision, runner.batch_size))
            return runner

        def record_batches(reader, decode, batch_size, *rest, **options):
            self.seen.add(("read at once", batch_size))
            return batches(reader, decode, batch_size, *rest, **options)

        def record_codes(autoencoder, codes):
            self.seen.add(("decoded at once", len(codes)))
            return decode(autoencoder, codes)

        def record_ray(task, *arguments):
            self.seen.add(("ray", task.batch_size, task.cores))
            return task.task.rows(*arguments)

        patch.setattr(predict, "allow_pixels", lambda given: self.seen.add(("max pixels", given)))
        patch.setattr(RayTask, "rows", record_ray)
        patch.setattr(Figure, "savefig", lambda *_, **options: None)  # drawing takes longer than all the rest
        patch.setattr(ray_engine, "check_installed", lambda *_: None)
        patch.setattr(reading, "in_parallel", record_workers)
        patch.setattr(reading.ImageReader, "batches", record_batches)
        patch.setattr(Autoencoder, "decode", record_codes)
        for module in (ensemble, segmenter):
            patch.setattr(module, "load_runner", record_engine)
        for module in (ensemble, segment):
            patch.setattr(module, "check_engine", lambda *_: None)


def flags_of(situation: str, places: dict[str, Path], without: tuple[str, ...] = ()) -> list[str]:
    words = SITUATIONS[situation].format(**places).split()
    pairs = zip(words[::2], words[1::2], strict=True)
    return [word for pair in pairs if pair[0] not in map(flag, without) for word in pair]


def predict_recorded(flags: list[str], output: Path, places: dict[str, Path]) -> set[object]:
    with pytest.MonkeyPatch.context() as patch:
        recorder = Recorder(patch)
        predict.predict(settings_of(PredictorConfig, "--runs", places["runs"], "--output", output, *flags))
    return recorder.seen


def outcome(flags: list[str], output: Path, places: dict[str, Path]) -> tuple[dict[str, bytes], set[object]]:
    """The files that the command writes, apart from its hidden notes, and what was recorded."""
    output.parent.mkdir()
    seen = predict_recorded(flags, output, places)
    files = {
        str(file.relative_to(output.parent)): file.read_bytes()
        for file in sorted(output.parent.rglob("*"))
        if file.is_file() and not file.name.startswith(".") and file.suffix != ".h5"  # HDF5 has time stamps
    }
    return files, seen


@pytest.fixture(scope="module")
def plain(places, tmp_path_factory) -> Callable[[str], tuple[dict[str, bytes], set[object]]]:
    """The outcome in a situation without further flags, computed once."""
    root, known = tmp_path_factory.mktemp("plain"), {}

    def of(situation: str) -> tuple[dict[str, bytes], set[object]]:
        if situation not in known:
            known[situation] = outcome(flags_of(situation, places), root / situation / "p.csv", places)
        return known[situation]

    return of


def test_every_field_has_a_case():
    assert CASES.keys() == PredictorConfig.model_fields.keys() - Settings.model_fields.keys()


SPECIAL = ("overwrite", "output")
PAIRS = [(name, situation) for name in CASES if name not in SPECIAL for situation in SITUATIONS]


def given(name: str, situation: str, places: dict[str, Path]) -> list[str]:
    case = CASES[name]
    value = case.other_values.get(situation, case.value).format(**places)
    return [*flags_of(situation, places, (*case.without, name)), flag(name), value]


@pytest.mark.parametrize(("name", "situation"), [pair for pair in PAIRS if pair[1] in CASES[pair[0]].changes])
def test_the_field_changes_something(name, situation, places, plain, tmp_path):
    assert outcome(given(name, situation, places), tmp_path / "out" / "p.csv", places) != plain(situation)


@pytest.mark.parametrize(("name", "situation"), [pair for pair in PAIRS if pair[1] not in CASES[pair[0]].changes])
def test_the_field_is_refused(name, situation, places, tmp_path):
    case = CASES[name]
    words = [*flags_of(situation, places), flag(name), case.value.format(**places)]
    with pytest.raises(SettingError, match=f"(?m)^{name} = "):
        outcome(words, tmp_path / "out" / "p.csv", places)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("situation", SITUATIONS)
def test_another_output(situation, places, plain, tmp_path):
    files, seen = outcome(flags_of(situation, places), tmp_path / "out" / "q.csv", places)
    same, same_seen = plain(situation)
    assert {name.replace("q", "p", 1): content for name, content in files.items()} == same and seen == same_seen


@pytest.mark.parametrize("situation", SITUATIONS)
def test_overwrite(situation, places, plain, tmp_path):
    output, flags = tmp_path / "out" / "p.csv", flags_of(situation, places)
    other = given("samples" if situation == "samples" else "run", situation, places)
    outcome(other, output, places)
    with pytest.raises(SettingError, match="--overwrite"):
        predict_recorded(flags, output, places)
    predict_recorded([*flags, "--overwrite"], output, places)
    files, _ = plain(situation)
    assert all((output.parent / name).read_bytes() == content for name, content in files.items())
