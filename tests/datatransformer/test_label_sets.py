"""Data folders whose images may have several labels."""

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from config import DataTransformerConfig
from datatransformer.layout import read_data_folder
from datatransformer.listing import Listing, RawImage, Rejected
from datatransformer.sources import labels as label_source
from datatransformer.tables.label_sets import with_labels
from datatransformer.transformer import DataTransformer
from settings import SettingError, WorkError
from tests.conftest import make_data_folder, settings_of, table, write_image
from tests.several_labels import LABELS, draw_shapes, make_label_folder


@pytest.fixture
def shapes(tmp_path) -> tuple[Path, dict[str, tuple[str, ...]]]:
    labels = draw_shapes(tmp_path / "raw")
    return make_label_folder(tmp_path, labels), labels


def make_listed(monkeypatch, root: Path, entries: list[RawImage], **settings: object) -> Path:
    """A data folder of these images, which are drawn first."""
    for entry in entries:
        write_image(root / "raw" / entry.name)
    (root / "labels.csv").touch()
    listed = [entry._replace(path=str(root / "raw" / entry.name)) for entry in entries]
    monkeypatch.setattr(label_source, "read", lambda settings, report: Listing(listed))
    paths = {"raw_images": root / "raw", "raw_labels": root / "labels.csv"}
    return make_data_folder(root / "data", labels="several", **paths, overwrite=True, **settings)


def splits(data: Path) -> dict[str, str]:
    return {Path(row["source"]).name: row["split"] for row in table(data / "manifest.csv")}


def test_labels_that_the_names_lack_do_not_count(tmp_path):
    """The image keeps its other labels. With one label per image it would be left out."""
    labels = {
        f"{number}.png": ("sky",) + ("sea",) * (number % 2) + ("dog",) * (number % 3 == 0) for number in range(12)
    }
    for number, name in enumerate(labels):
        write_image(tmp_path / "raw" / name, number)
    rows = "".join(f"{name},{'|'.join(found)}\n" for name, found in labels.items())
    (tmp_path / "labels.csv").write_text(f"image,labels\n{rows}")
    (tmp_path / "names.txt").write_text("sea\nsky\n")
    paths = {"raw_images": tmp_path / "raw", "raw_labels": tmp_path / "labels.csv"}
    data = make_data_folder(tmp_path / "data", **paths, class_names=tmp_path / "names.txt", labels="several")
    found = {Path(row["source"]).name: set(row["labels"].split("|")) for row in table(data / "manifest.csv")}
    assert found == {name: set(of) - {"dog"} for name, of in labels.items()}
    assert "1 label is not in" in (data / "report.md").read_text()


def test_one_label_that_images_have_or_lack(monkeypatch, tmp_path):
    """It is a class of its own: yes or no. If all images have it there is nothing to learn."""
    entries = [RawImage(f"{number}.png", labels=("defect",) * (number % 2)) for number in range(8)]
    data = make_listed(monkeypatch, tmp_path, entries)
    assert read_data_folder(data, "multilabel").classes == ("defect",)
    with pytest.raises(WorkError, match="8 usable images of 1 class"):
        make_listed(monkeypatch, tmp_path, [entry._replace(labels=("defect",)) for entry in entries])


def test_the_layout(shapes):
    data, labels = shapes
    rows = {Path(row["source"]).name: row for row in table(data / "manifest.csv")}
    assert {name: row["labels"] for name, row in rows.items()} == {name: "|".join(of) for name, of in labels.items()}
    assert any(not row["labels"] for row in rows.values()), "an image without labels is a valid image"
    assert all((data / row["image"]).is_file() and "/images/" in row["image"] for row in rows.values())
    folder = read_data_folder(data, "multilabel")
    assert (folder.task, folder.classes) == ("multilabel", LABELS)
    names = [tuple(LABELS[label] for label in of) for of in folder.label_sets("val")]
    assert names == [labels[Path(path).name] for path in folder.images("val")]
    with pytest.raises(SettingError, match="is for multilabel; this command needs one for classification"):
        read_data_folder(data, "classification")
    assert "An image may have several labels" in (data / "report.md").read_text()


def test_each_label_has_its_share(shapes):
    data, labels = shapes
    split = splits(data)
    total = Counter(name for given in labels.values() for name in given)
    validation = Counter(name for image, given in labels.items() for name in given if split[image] == "val")
    for name in LABELS:
        assert abs(validation[name] - total[name] / 5) <= 1.5, (name, validation, total)
    assert 9 <= sum(part == "val" for part in split.values()) <= 15


def test_the_split_depends_on_names_alone_and_an_added_image_moves_few(tmp_path, monkeypatch):
    random = np.random.default_rng(1)
    names = [f"label{number}" for number in range(8)]
    entries = [
        RawImage(f"{number}.png", labels=tuple(name for name in names if random.random() < 0.25))
        for number in range(150)
    ]
    before = splits(make_listed(monkeypatch, tmp_path / "a", entries))
    assert before == splits(make_listed(monkeypatch, tmp_path / "b", entries[::-1]))
    added = RawImage("new.png", labels=("label3", "label5"))
    after = splits(make_listed(monkeypatch, tmp_path / "c", [added, *entries]))
    assert sum(after[name] != split for name, split in before.items()) <= 4
    assert before != splits(make_listed(monkeypatch, tmp_path / "d", entries, seed=1))


def test_rare_labels(tmp_path, monkeypatch):
    entries = [RawImage(f"{number}.png", labels=("common",)) for number in range(20)]
    entries += [RawImage(f"two{number}.png", labels=("common", "pair")) for number in range(2)]
    entries += [RawImage("one.png", labels=("common", "single"))]
    data = make_listed(monkeypatch, tmp_path, entries)
    split = splits(data)
    assert sorted((split["two0.png"], split["two1.png"])) == ["train", "val"]
    report = (data / "report.md").read_text()
    where = "training" if split["one.png"] == "val" else "validation"
    assert f"No {where} image has the label single" in report
    assert [row["name"] for row in table(data / "classes.csv")] == ["common", "pair", "single"]


def test_splits_of_the_raw_data_and_sequences(tmp_path, monkeypatch):
    given = [RawImage(f"{n}.png", labels=("a", "b")[: n % 3], split="val" if n < 3 else "train") for n in range(9)]
    split = splits(make_listed(monkeypatch, tmp_path / "given", given))
    assert [split[f"{number}.png"] for number in range(9)] == ["val"] * 3 + ["train"] * 6
    frames = [RawImage(f"clip_{n:03}.png", labels=("a", "b")[: n % 3]) for n in range(10)]
    split = splits(make_listed(monkeypatch, tmp_path / "frames", frames, split="sequences"))
    assert [name for name, part in sorted(split.items()) if part == "val"] == ["clip_008.png", "clip_009.png"]


def test_labels_are_listed_once_in_the_order_of_the_classes():
    entries = [RawImage("a", labels=("b10", "b2", "b10", "")), RawImage("b", class_name="b2"), Rejected("c", "why")]
    listed = list(with_labels(entries, None))
    assert [entry.labels for entry in listed[:2]] == [("b2", "b10"), ("b2",)] and listed[1].class_name == ""
    assert listed[2] == entries[2]
    assert next(with_labels(entries, ["b10", "b2"])).labels == ("b10", "b2")
    with pytest.raises(WorkError, match=r"the label 'x\|y' of a contains \|"):
        list(with_labels([RawImage("a", labels=("x|y",))], None))


def test_a_stopped_run_goes_on(shapes, tmp_path, monkeypatch):
    data, _ = shapes
    expected = (data / "manifest.csv").read_text()
    work = data.with_name("data.partial")
    data.rename(work)
    lines = expected.splitlines(keepends=True)
    (work / "manifest.csv").write_text("".join(lines[:20]) + lines[20][:7])
    settings = {"raw_images": tmp_path / "raw", "raw_labels": tmp_path / "labels.csv"}
    make_data_folder(data, labels="several", **settings)
    assert (data / "manifest.csv").read_text() == expected


def test_sources_and_settings_that_do_not_fit_are_refused(tmp_path):
    for name in "ab":
        write_image(tmp_path / "raw" / name / "1.png")
        write_image(tmp_path / "raw" / name / "2.png")
    flags = ("--raw-images", tmp_path / "raw", "--data", tmp_path / "data", "--labels", "several")
    with pytest.raises(SettingError, match="labels = 'several': is not for source folders"):
        DataTransformer(settings_of(DataTransformerConfig, *flags))
    with pytest.raises(SettingError, match="contradicts --labels several"):
        table_flags = ("--source", "labels", "--raw-labels", __file__, "--task", "classification")
        DataTransformer(settings_of(DataTransformerConfig, *flags, *table_flags))


def test_a_data_folder_that_was_changed_is_refused(shapes, tmp_path):
    data, _ = shapes
    copy = shutil.copytree(data, tmp_path / "copy")
    (copy / "classes.csv").write_text("index,name\n0,disc\n1,line\n")
    with pytest.raises(SettingError, match=r"classes\.csv lacks square"):
        read_data_folder(copy, None)


SCENES = ("bedroom", "coast", "forest", "highway", "kitchen", "office", "street", "suburb")

GROUPS = ("indoor", "outdoor", "man-made", "natural")


def scene_labels() -> dict[str, tuple[str, ...]]:
    """Each image has a scene, which occurs in no other combination, and two groups, which occur in many."""
    return {
        f"scene{number}.jpg": (SCENES[number % 8], GROUPS[number % 2], GROUPS[2 + number % 4 // 2])
        for number in range(16)
    }


LINES = {
    "commas in a column of labels": ("image,labels", '{image},"{0},{1},{2}"'),
    "commas and blanks": ("image;labels", "{image};{0}, {1}, {2}"),
    "semicolons without a header": (None, "{image},{0};{1};{2}"),
    "blanks in a column of tags": ("image_name,tags", "{image},{0} {1} {2}"),
    "blanks in lines without columns": (None, "{image}  {0} {1} {2}"),
    "bars": ("image,label", "{image},{0}|{1}|{2}"),
    "lists": ("image,label", "{image},\"['{0}', '{1}', '{2}']\""),
    "a row per label": ("image,label", "{image},{0}\n{image},{1}\n{image},{2}"),
}


def scene_table(root: Path, header: str | None, line: str) -> dict[str, tuple[str, ...]]:
    labels = scene_labels()
    for image in labels:
        write_image(root / "raw" / image)
    # A second line has one label less, so that rows of words differ in length.
    lines = [line.format(*given, image=image) for image, given in labels.items()]
    if header is None and " {1} {2}" in line:
        lines[1] = line.replace(" {2}", "").format(*labels["scene1.jpg"], image="scene1.jpg")
        labels["scene1.jpg"] = labels["scene1.jpg"][:2]
    (root / "labels.txt").write_text("".join(f"{text}\n" for text in ([header] if header else []) + lines))
    return labels


def paths_of(root: Path) -> dict[str, Path]:
    return {"raw_images": root / "raw", "raw_labels": root / "labels.txt"}


@pytest.mark.parametrize("form", LINES)
def test_the_ways_in_which_people_write_several_labels(tmp_path, form):
    labels = scene_table(tmp_path, *LINES[form])
    data = make_data_folder(tmp_path / "data", labels="several", **paths_of(tmp_path))
    read = {Path(row["source"]).name: set(row["labels"].split("|")) for row in table(data / "manifest.csv")}
    assert read == {image: set(given) for image, given in labels.items()}


@pytest.mark.parametrize("form", [form for form in LINES if "blanks in" not in form])
def test_several_labels_are_refused_where_one_is_expected(tmp_path, form):
    scene_table(tmp_path, *LINES[form])
    with pytest.raises(SettingError, match=r"have several labels.*Read them by --labels several"):
        make_data_folder(tmp_path / "data", **paths_of(tmp_path))


@pytest.mark.parametrize("form", [form for form in LINES if "blanks in" in form])
def test_words_that_may_be_several_labels_are_said(tmp_path, form):
    scene_table(tmp_path, *LINES[form])
    data = make_data_folder(tmp_path / "data", **paths_of(tmp_path))
    assert "are read as one name each; if they are several labels, read them by --labels several" in (
        data / "report.md"
    ).read_text(encoding="utf-8")


def test_single_labels_with_labels_several_are_said(tmp_path):
    scene_table(tmp_path, "image,label", "{image},{0}")
    data = make_data_folder(tmp_path / "data", labels="several", **paths_of(tmp_path))
    assert "No image has more than one label" in (data / "report.md").read_text(encoding="utf-8")


def test_a_few_contradictions_are_mistakes(tmp_path):
    scene_table(tmp_path, "image,label", "{image},{0}")
    with (tmp_path / "labels.txt").open("a") as file:
        file.write("scene3.jpg,coast\n")
    data = make_data_folder(tmp_path / "data", **paths_of(tmp_path))
    assert "scene3.jpg" not in {Path(row["source"]).name for row in table(data / "manifest.csv")}
