"""The digests in the manifest, the identity of data, and what has changed from one data folder to another."""

import hashlib
import os
import random
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from datatransformer.identity import content_of, difference, identity_of, trained_images
from datatransformer.layout import DataFolder, read_data_folder
from datatransformer.ledger import Ledger
from datatransformer.manifest import MANIFEST_HEADERS, Row, record_of_rows, rows_of_record
from datatransformer.writer import Writer
from storage.tables import csv_line
from tests.conftest import make_data_folder, noise, table


def write_noise(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), noise(24, 32, 3, seed=seed))


def raw_classes(root: Path, count: int = 10) -> Path:
    """Two class folders of JPEG files."""
    for number in range(2 * count):
        write_noise(root / ("cat", "dog")[number % 2] / f"{number:02d}.jpg", number)
    return root


@pytest.fixture
def raw(tmp_path) -> Path:
    return raw_classes(tmp_path / "raw")


def made(raw: Path, data: Path, **settings: object) -> DataFolder:
    make_data_folder(data, source="folders", raw_images=raw, **settings)
    return read_data_folder(data, "classification")


def changes(before: DataFolder, now: DataFolder) -> list[str]:
    """The sentences; both identities differ if and only if there are some."""
    sentences = difference(content_of(before), content_of(now)).sentences()
    assert (identity_of(content_of(before)) != identity_of(content_of(now))) == bool(sentences)
    return sentences


def with_rows(data: DataFolder, rows: list[Row], classes: tuple[str, ...] | None = None) -> DataFolder:
    return DataFolder(data.path, data.task, classes or data.classes, tuple(rows))


# ---- Digests in the manifest -----------------------------------------------------------------------------------------


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def test_the_digest_is_that_of_the_written_picture(raw, tmp_path):
    write_noise(raw / "cat" / "large.png", 99)
    cv2.imwrite(str(raw / "dog" / "converted.bmp"), noise(9, 9, 3))
    data = made(raw, tmp_path / "data")
    assert len(data.rows) == 22 and {row.digest for row in data.rows} == {
        f"x{sha(data.path / row.image)}" for row in data.rows
    }
    assert list(table(data.path / "manifest.csv")[0]) == ["image", "split", "class", "source", "digest"]


def test_a_mask_has_a_digest_of_its_own(tmp_path):
    data = make_data_folder(tmp_path / "data", source="squares", pictures=10, picture_size=128)
    for row in read_data_folder(data, "segmentation").rows:
        assert row.digest == f"x{sha(data / row.image)}.{sha(data / row.mask)}"


@pytest.mark.parametrize("link", ["hardlink", "symlink"])
def test_a_link_that_is_not_verified_has_another_kind_of_digest(raw, tmp_path, link):
    linked = made(raw, tmp_path / "linked", link=link, verify=False)
    assert len({row.digest for row in linked.rows}) == 20 and all(row.digest[0] == "e" for row in linked.rows)
    copied, verified = made(raw, tmp_path / "copied", verify=False), made(raw, tmp_path / "verified", link=link)
    assert {row.digest for row in copied.rows} == {row.digest for row in verified.rows}
    assert difference(content_of(linked), content_of(copied)).sentences() == [], "taken for equal by their paths"
    assert difference(content_of(copied), content_of(linked)).sentences() == []
    write_noise(raw / "cat" / "00.jpg", 77)
    again = made(raw, tmp_path / "again", link=link, verify=False)
    (place,) = {row.image for row in again.rows if row.image.endswith("cat/00.jpg")}
    assert changes(linked, again) == [f"1 image has another content ({place})"]


def test_digests_survive_an_interruption_and_a_rewritten_manifest(raw, tmp_path, monkeypatch):
    unbroken = made(raw, tmp_path / "unbroken", split="sequences")
    place_one = Writer._place_one

    def stop(self, pending, *args):
        if pending.image.path.endswith("13.jpg"):
            raise KeyboardInterrupt
        return place_one(self, pending, *args)

    monkeypatch.setattr("datatransformer.writer.BATCH", 2)
    monkeypatch.setattr(Writer, "_place_one", stop)
    with pytest.raises(KeyboardInterrupt):
        made(raw, tmp_path / "data", split="sequences", workers=1)
    assert len(table(tmp_path / "data.partial" / "manifest.csv")) > 3
    monkeypatch.setattr(Writer, "_place_one", place_one)
    started = []
    add_earlier = Ledger.add_earlier
    monkeypatch.setattr(Ledger, "add_earlier", lambda self, rows: (started.append(1), add_earlier(self, rows)))
    data = made(raw, tmp_path / "data", split="sequences")
    assert started and data.rows == unbroken.rows and changes(unbroken, data) == []


def test_an_unfinished_folder_of_an_earlier_version_is_continued(raw, tmp_path, monkeypatch):
    """Its manifest has no column for digests."""
    monkeypatch.setattr("datatransformer.transformer.DataTransformer._finish", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        made(raw, tmp_path / "data")
    monkeypatch.undo()
    manifest = tmp_path / "data.partial" / "manifest.csv"
    lines = [line.rsplit(",", 1)[0] for line in manifest.read_text().splitlines()]
    manifest.write_text("\n".join(lines[:9]) + "\n")
    data = made(raw, tmp_path / "data")
    assert len(data.rows) == 20 and sum(row.digest == "" for row in data.rows) == 8
    assert list(table(manifest.parent.parent / "data" / "manifest.csv")[0])[-1] == "digest"


# ---- Identity and differences ----------------------------------------------------------------------------------------


def test_names_and_order_do_not_count(raw, tmp_path):
    data = made(raw, tmp_path / "data")
    rows = [row._replace(image=f"{row.split}/{n}.jpg", source="elsewhere") for n, row in enumerate(data.rows)]
    random.Random(0).shuffle(rows)
    assert changes(data, with_rows(data, rows)) == []
    shutil.copytree(data.path, tmp_path / "copy")
    assert identity_of(content_of(read_data_folder(tmp_path / "copy", None))) == identity_of(content_of(data))


def test_the_folder_made_with_another_seed(raw, tmp_path):
    data, other = made(raw, tmp_path / "data"), made(raw, tmp_path / "other", seed=1)
    before, now = ({row.digest for row in one.rows if row.split == "val"} for one in (data, other))
    moved = len(now - before)
    assert moved == len(before - now) > 1
    to_validation, to_training = changes(data, other)
    assert to_validation.startswith(f"{moved} training images are now for validation, such as val/")
    assert to_training.startswith(f"{moved} validation images are now for training, such as train/")
    learnt = trained_images(data.rows, other)
    assert {row.digest for row in other.rows if row.image in learnt} == now - before
    assert trained_images(data.rows, data) == []


def test_replaced_added_and_removed_pictures(raw, tmp_path):
    data = made(raw, tmp_path / "data", split="sequences")
    write_noise(raw / "cat" / "00.jpg", 50)
    (raw / "dog" / "01.jpg").unlink()
    write_noise(raw / "dog" / "0.jpg", 51)
    assert changes(data, made(raw, tmp_path / "other", split="sequences")) == [
        "1 image has another content (train/cat/00.jpg)",
        "1 image is new (train/dog/0.jpg)",
        "1 image is gone (train/dog/01.jpg)",
    ]


def test_a_picture_in_another_class_folder(raw, tmp_path):
    data = made(raw, tmp_path / "data", split="sequences")
    (raw / "cat" / "02.jpg").rename(raw / "dog" / "02.jpg")
    sentences = changes(data, made(raw, tmp_path / "other", split="sequences"))
    assert "1 image has another label or mask (train/dog/02.jpg)" in sentences


def test_a_renamed_class(raw, tmp_path):
    data = made(raw, tmp_path / "data")
    (raw / "cat").rename(raw / "cats")
    assert "the classes differ: 'cat' is now 'cats'" in changes(data, made(raw, tmp_path / "other"))
    renamed = with_rows(data, [row._replace(class_name=row.class_name.upper()) for row in data.rows], ("CAT", "DOG"))
    assert changes(data, renamed) == ["the classes differ: 'cat' is now 'CAT', 'dog' is now 'DOG'"]


@pytest.mark.parametrize(
    ("classes", "sentence"),
    [
        (("dog", "cat"), "the classes have another order (dog, cat; before: cat, dog)"),
        (("cat", "cow", "dog"), "3 classes instead of 2 (new: cow)"),
        (("dog",), "1 classes instead of 2 (gone: cat)"),
    ],
)
def test_other_classes(raw, tmp_path, classes, sentence):
    data = made(raw, tmp_path / "data")
    assert sentence in changes(data, with_rows(data, list(data.rows), classes))


def test_a_corrected_mask(tmp_path):
    data = read_data_folder(make_data_folder(tmp_path / "data", source="squares", pictures=10, picture_size=128), None)
    first = data.rows[0]
    other = first._replace(digest=first.digest[:-1] + ("0" if first.digest[-1] != "0" else "1"))
    assert changes(data, with_rows(data, [other, *data.rows[1:]])) == [
        f"1 image has another label or mask ({first.image})"
    ]


def test_several_labels_of_a_picture():
    rows = [Row(f"train/images/{n}.jpg", "train", "", "", "", ("a", "b"), f"x{n:016x}") for n in range(3)]
    data = DataFolder(Path("data"), "multilabel", ("a", "b", "c"), tuple(rows))
    reordered = [row._replace(labels=("b", "a")) for row in rows]
    assert changes(data, with_rows(data, reordered)) == []
    changed = [rows[0]._replace(labels=()), *rows[1:]]
    assert changes(data, with_rows(data, changed)) == ["1 image has another label or mask (train/images/0.jpg)"]


def test_pictures_that_are_there_twice(raw, tmp_path):
    """One copy for training and one for validation is no change, however they are listed."""
    data = made(raw, tmp_path / "data")
    row = next(row for row in data.rows if row.split == "val")
    twin = row._replace(image=row.image.replace("val", "train"), split="train")
    both = with_rows(data, [*data.rows, twin])
    assert changes(both, with_rows(data, [twin, *reversed(data.rows)])) == []
    assert changes(both, data) == [f"1 image is gone ({twin.image})"]
    assert trained_images(both.rows, data) == [row.image], "it was learnt"


def test_folders_without_digests_are_compared_by_paths(raw, tmp_path):
    data, other = made(raw, tmp_path / "data"), made(raw, tmp_path / "other", seed=1)
    old, old_other = (with_rows(one, [row._replace(digest="") for row in one.rows]) for one in (data, other))
    assert changes(old, old) == [] and changes(old, old_other) == changes(data, other)
    assert difference(content_of(old), content_of(data)).sentences() == []
    assert difference(content_of(old), content_of(other)).sentences() == changes(data, other)
    assert trained_images(old.rows, other) == []


@pytest.mark.parametrize("source", ["squares", "scenes"])
def test_a_record_has_all_but_the_sources(tmp_path, source):
    data = read_data_folder(make_data_folder(tmp_path / "data", source=source, pictures=20), None)
    lines = [csv_line(cells) for cells in record_of_rows(data.task, data.rows)]
    assert list(rows_of_record(lines)) == [row._replace(source="") for row in data.rows]


def test_an_old_manifest_has_no_digests(raw, tmp_path):
    data = made(raw, tmp_path / "data")
    manifest = data.path / "manifest.csv"
    manifest.write_text("".join(f"{line.rsplit(',', 1)[0]}\n" for line in manifest.read_text().splitlines()))
    assert read_data_folder(data.path, None).rows == tuple(row._replace(digest="") for row in data.rows)


def test_a_digest_is_no_number_for_a_spreadsheet():
    assert MANIFEST_HEADERS["classification"][-1] == "digest"
    from datatransformer.pictures.picture_digest import content_digest, ends_digest

    for digest in (content_digest(b"a"), content_digest(b"a", b"b"), ends_digest(3, b"a", b"b")):
        with pytest.raises(ValueError, match="could not convert"):
            float(digest)
    assert content_digest(b"a") == "x" + hashlib.sha256(b"a").hexdigest()[:16]
    assert len({ends_digest(3, b"a", b"b"), ends_digest(4, b"a", b"b"), ends_digest(3, b"a", b"c")}) == 3


def test_identity_of_many_images_is_quick(raw, tmp_path):
    data = made(raw, tmp_path / "data")
    digests = np.random.default_rng(0).bytes(8 * 20_000).hex()
    rows = [
        data.rows[0]._replace(image=f"train/cat/{n}.jpg", digest=f"x{digests[16 * n : 16 * n + 16]}")
        for n in range(20_000)
    ]
    start = os.times().user
    identity = identity_of(content_of(with_rows(data, rows)))
    assert identity.training == 20_000 and os.times().user - start < 2
