"""Shards of the pictures, predicted apart and merged, are what one process writes; and what lacks is named."""

import json
import shutil
from functools import partial
from pathlib import Path

import keras
import pytest

from config import MergeConfig, PredictorConfig
from predictor.merge import merge
from predictor.pictures import ImageFile, find_images
from predictor.predict import predict
from predictor.shards import Shard, names_of, read_shard, written_to
from settings import SettingError, WorkError, read_settings
from training.run_folder import RunFolder


def here(run: Path, output: Path, *flags) -> None:
    """The command in this process."""
    argv = [str(flag) for flag in ("--run", run, "--output", output, "--engine", "tensorflow", *flags)]
    predict(read_settings(PredictorConfig, argv, "test"))


def merged(output: Path, *flags) -> None:
    merge(read_settings(MergeConfig, [str(flag) for flag in ("--output", output, *flags)], "test"))


def in_shards(run: Path, output: Path, of: int, *flags) -> None:
    for number in range(1, of + 1):
        here(run, output, "--shard", f"{number}/{of}", *flags)


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("of", [1, 2, 3, 7])
@pytest.mark.parametrize("total", [0, 1, 6, 7, 20])
def test_each_picture_is_in_one_shard_and_shards_are_alike(total, of):
    listing = [ImageFile(Path(f"{number:02d}.jpg"), f"{number:02d}.jpg") for number in range(total)]
    cuts = [shard.cut(lambda: iter(listing)) for shard in Shard(1, of, Path("p.csv")).all()]
    parts = [list(own()) for own, _ in cuts]
    assert [picture for part in parts for picture in part] == listing
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert [noted["own"][0] for _, noted in cuts] == list(map(len, parts))
    assert len({str(noted["pictures"]) for _, noted in cuts}) == 1


def test_the_digest_tells_names_apart_whatever_their_order():
    names = [f"{number}.jpg" for number in range(50)]
    assert names_of(names) == names_of(reversed(names))
    assert names_of(names) != names_of([*names[:-1], names[0]]), "one double, one missing"
    assert names_of(["=a.jpg"]) == names_of(["'=a.jpg"]), "as the CSV has it"


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "1/", "/3", "a/b", "1/0", "-1/3", "1/3/4", "²/3"])
def test_what_is_no_shard(text):
    with pytest.raises(SettingError, match=r"shard = .*should be I/N"):
        read_shard(text, Path("p.csv"))


def test_the_broken_folder_in_shards(small_run, shared, tmp_path, capsys):
    one, several = tmp_path / "one" / "p.csv", tmp_path / "several" / "p.csv"
    here(small_run, one, "--test-images", shared / "broken")
    in_shards(small_run, several, 3, "--test-images", shared / "broken")
    merged(several)
    assert several.read_bytes() == one.read_bytes() and one.read_bytes().count(b"\n") == 19
    rejected = several.with_name("p.rejected.csv").read_bytes()
    assert rejected == one.with_name("p.rejected.csv").read_bytes() and rejected.count(b"\n") == 5
    capsys.readouterr()
    here(small_run, several, "--test-images", shared / "broken")
    assert "is whole: 22 pictures" in capsys.readouterr().out


def test_more_shards_than_pictures(small_run, scenes, tmp_path):
    folder = scenes / "val" / "beach"
    here(small_run, tmp_path / "one.csv", "--test-images", folder)
    in_shards(small_run, tmp_path / "p.csv", 3, "--test-images", folder)
    merged(tmp_path / "p.csv")
    assert (tmp_path / "p.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()
    assert not (tmp_path / "p.rejected.csv").exists()


def test_an_evaluation_of_shards(small_run, scenes, tmp_path, capsys):
    in_shards(small_run, tmp_path / "several" / "p.csv", 2, "--evaluate", scenes)
    assert not list(tmp_path.rglob("*.evaluation")) and "evaluates then" in capsys.readouterr().out
    merged(tmp_path / "several" / "p.csv")
    for folder in ("one", "several"):
        here(small_run, tmp_path / folder / "p.csv", "--evaluate", scenes)
    assert "is whole" in capsys.readouterr().out
    tables = [
        {name: content for name, content in files(tmp_path / folder / "p.evaluation").items() if name.endswith(".csv")}
        for folder in ("one", "several")
    ]
    assert tables[0] == tables[1] and len(tables[0]) > 3


@pytest.fixture
def segmenter(small_run, tmp_path) -> Path:
    """A run of segmentation, of one convolution."""
    run = RunFolder(shutil.copytree(small_run, tmp_path / "segmenter"))
    run.config_file.write_text(json.dumps(run.config() | {"kind": "segmentation"}))
    keras.utils.set_random_seed(0)
    images = keras.Input((None, None, 3), name="image")
    keras.Model(images, keras.layers.Conv2D(5, 3, padding="same")(images)).save(run.best)
    return run.path


def test_masks_of_shards_come_together(segmenter, shared, tmp_path):
    flags = ("--test-images", shared / "broken", "--mask-files", "index,colour")
    here(segmenter, tmp_path / "one" / "p.csv", *flags)
    in_shards(segmenter, tmp_path / "several" / "p.csv", 3, *flags)
    merged(tmp_path / "several" / "p.csv")
    several = files(tmp_path / "several")
    for name, content in files(tmp_path / "one").items():
        assert several[name] == content, name
    next((tmp_path / "several" / "p-2-of-3.masks").iterdir()).unlink()
    with pytest.raises(WorkError, match=r"p-2-of-3\.masks has 6 of 7 pictures"):
        merged(tmp_path / "several" / "p.csv")


@pytest.fixture(scope="module")
def three(small_run, scenes, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("three")
    in_shards(small_run, folder / "p.csv", 3, "--test-images", scenes / "val")
    return folder


def lose_rows(file: Path) -> None:
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-2]))


def tear(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-3])


def double(file: Path) -> None:
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join([*lines[:-1], lines[1]]))


def renote(key: str, value: object, file: Path) -> None:
    note = file.with_name(f".{file.name}.json")
    note.write_text(json.dumps(json.loads(note.read_text()) | {key: value}))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (Path.unlink, r"p-2-of-3\.csv is not there; .*--shard 2/3"),
        (lose_rows, r"p-2-of-3\.csv has 1 of 3 pictures; .*--shard 2/3"),
        (tear, r"p-2-of-3\.csv has 2 of 3 pictures"),
        (double, r"p-2-of-3\.csv has other pictures"),
        (lambda file: file.with_name(f".{file.name}.json").unlink(), r"\.p-2-of-3\.csv\.json.*is not there"),
        (lambda file: shutil.copy(file.with_name(".p-1-of-3.csv.json"), file.with_name(f".{file.name}.json")),
         r"p-2-of-3\.csv was made as shard 1 of 3"),
        (partial(renote, "tta", "flip"), r"p-2-of-3\.csv was made with other tta than .*p-1-of-3\.csv"),
        (partial(renote, "pictures", [11, "0"]), r"p-2-of-3\.csv is a shard of 11 pictures, .*p-1-of-3\.csv of 10"),
    ],
)  # fmt: skip
def test_what_lacks_is_named_and_nothing_is_written(three, tmp_path, spoil, words):
    folder = Path(shutil.copytree(three, tmp_path / "three"))
    spoil(folder / "p-2-of-3.csv")
    with pytest.raises(WorkError, match=words):
        merged(folder / "p.csv")
    assert not (folder / "p.csv").exists()


def test_shards_of_two_divisions_and_none(three, tmp_path):
    folder = Path(shutil.copytree(three, tmp_path / "three"))
    shutil.copy(folder / "p-1-of-3.csv", folder / "p-1-of-4.csv")
    with pytest.raises(SettingError, match=r"p-1-of-3\.csv, p-1-of-4\.csv"):
        merged(folder / "p.csv")
    with pytest.raises(SettingError, match="no shard of it"):
        merged(folder / "q.csv")


def test_another_output_is_not_replaced_unasked(three, small_run, scenes, tmp_path):
    folder = Path(shutil.copytree(three, tmp_path / "three"))
    here(small_run, folder / "p.csv", "--test-images", scenes / "train" / "beach")
    with pytest.raises(SettingError, match="--overwrite"):
        merged(folder / "p.csv")
    merged(folder / "p.csv", "--overwrite")
    assert (folder / "p.csv").read_bytes().count(b"\n") == 11


def test_a_copy_of_the_run_makes_the_same_shards(three, small_run, scenes, tmp_path):
    """As on another machine: the run and the pictures lie elsewhere, and were written at another time."""
    folder, copy = Path(shutil.copytree(three, tmp_path / "three")), tmp_path / "copy"
    for name in ("p-2-of-3.csv", ".p-2-of-3.csv.json"):
        (folder / name).unlink()
    shutil.copytree(small_run, copy / "run", copy_function=shutil.copyfile)
    shutil.copytree(scenes / "val", copy / "val")
    here(copy / "run", folder / "p.csv", "--shard", "2/3", "--test-images", copy / "val")
    merged(folder / "p.csv")
    assert (folder / "p-2-of-3.csv").read_bytes() == (three / "p-2-of-3.csv").read_bytes()


def test_what_is_written_is_not_listed(tmp_path):
    for name in (
        "a.jpg", "p.jpg", "p.csv", "p.rejected.csv", "p-1-of-2.csv", "p-2-of-2.rejected.csv",
        "p-1-of-2.masks/a.jpg.png", "p.masks/a.png", "p.overlays/b/a.png", "q.csv", "b/p.csv", "p-1-of-2.jpg",
    ):  # fmt: skip
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    own = written_to(tmp_path / "p.csv")
    assert [picture.name for picture in find_images(str(tmp_path), own)] == [
        "a.jpg", "b/p.csv", "p-1-of-2.jpg", "p.jpg", "q.csv",
    ]  # fmt: skip
    assert [picture.name for picture in find_images(str(tmp_path / "p.masks"), own)] == ["a.png"], "asked for by name"
