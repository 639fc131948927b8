"""The command makes data folders from raw folders, in new processes as a user runs it."""

import json
import os
import shutil
import signal
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest
import tensorflow as tf
from PIL import Image

from config import DataTransformerConfig
from datatransformer.transformer import DataTransformer
from tests.conftest import rejection_reasons, run, settings_of, start, table, wait_for, write_image


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(p.relative_to(folder)): (p.stat().st_mtime_ns, p.read_bytes()) for p in folder.rglob("*") if p.is_file()
    }


@pytest.fixture
def raw(tmp_path) -> Path:
    """Ten images each of classes 2 and 10, with a label file."""
    lines = []
    for number in range(20):
        write_image(tmp_path / "raw" / f"{number:03d}.jpg", number)
        lines.append(f"{number:03d}.jpg,{2 if number < 10 else 10}")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    return tmp_path / "raw"


def labels_flags(raw: Path, *more: object) -> list:
    labels, data = raw.parent / "labels.csv", raw.parent / "data"
    return ["--source", "labels", "--raw-images", raw, "--raw-labels", labels, "--data", data, *more]


def test_the_layout(raw):
    done = run("datatransformer", *labels_flags(raw))
    assert done.code == 0, done.err
    data = raw.parent / "data"
    assert (data / "classes.csv").read_text() == "index,name\n0,2\n1,10\n", "numbers keep numeric order"
    rows = table(data / "manifest.csv")
    assert Counter((row["split"], row["class"]) for row in rows) == {
        ("train", "2"): 8, ("val", "2"): 2, ("train", "10"): 8, ("val", "10"): 2,
    }  # fmt: skip
    for row in rows:
        assert row["image"].split("/")[:2] == [row["split"], row["class"]]
        assert (data / row["image"]).read_bytes() == Path(row["source"]).read_bytes()
    assert len(list(data.rglob("*.jpg"))) == 20
    assert not (raw.parent / "data.partial").exists()


def test_a_second_run_changes_no_file_and_other_settings_are_refused(raw):
    data = raw.parent / "data"
    run("datatransformer", *labels_flags(raw))
    before = snapshot(data)
    done = run("datatransformer", *labels_flags(raw, "--workers", 1))
    assert done.code == 0 and "nothing to do" in done.out
    done = run("datatransformer", *labels_flags(raw, "--val-fraction", 0.5))
    assert done.code == 2 and "val_fraction was 0.2, is 0.5" in done.err
    assert snapshot(data) == before
    done = run("datatransformer", *labels_flags(raw, "--val-fraction", 0.5, "--overwrite"))
    assert done.code == 0
    assert Counter(row["split"] for row in table(data / "manifest.csv")) == {"train": 10, "val": 10}
    assert sorted(path.name for path in raw.parent.iterdir()) == ["data", "labels.csv", "raw"]


def test_json_tells_the_numbers_of_images_also_if_there_is_nothing_to_do(raw):
    (raw / "003.jpg").write_bytes(b"")
    for message in ("images for training", "nothing to do"):
        done = run("datatransformer", *labels_flags(raw, "--json"))
        assert message in done.err
        assert json.loads(done.out) == {
            "command": "python -m datatransformer", "exit_code": 0, "output": str(raw.parent / "data"),
            "source": "labels", "task": "classification", "classes": 2, "images": 19, "training_images": 15,
            "validation_images": 4, "test_images": 0, "rejected": 1,
        }  # fmt: skip
    failed = run("datatransformer", *labels_flags(raw, "--json", "--val-fraction", 0.5))
    assert "val_fraction was 0.2, is 0.5" in json.loads(failed.out)["errors"][0]


def test_a_folder_that_was_not_made_here_is_not_touched(raw):
    for name in ("data", "data.partial", "data.old"):
        (raw.parent / name).mkdir()
        (raw.parent / name / "thesis.txt").write_text("dear")
        for flags in ([], ["--overwrite"]):
            done = run("datatransformer", *labels_flags(raw, *flags))
            assert done.code == 2 or name == "data.old", done.err
            assert (raw.parent / name / "thesis.txt").read_text() == "dear"
        shutil.rmtree(raw.parent / name)
        shutil.rmtree(raw.parent / "data", ignore_errors=True)


@pytest.mark.parametrize("data", ["raw", ".", "raw/data", "raw/../raw"])
def test_raw_images_are_never_overwritten(raw, data):
    before = snapshot(raw.parent)
    done = run("datatransformer", *labels_flags(raw, "--overwrite", "--data", raw.parent / data))
    assert done.code == 2 and "apart from" in done.err
    assert snapshot(raw.parent) == before


@pytest.mark.parametrize("link", ["hardlink", "symlink"])
def test_links(raw, link):
    Image.open(raw / "000.jpg").save(raw / "000.webp")
    (raw / "000.jpg").unlink()
    text = (raw.parent / "labels.csv").read_text().replace("000.jpg", "000.webp")
    (raw.parent / "labels.csv").write_text(text)
    assert run("datatransformer", *labels_flags(raw, "--link", link)).code == 0
    for row in table(raw.parent / "data" / "manifest.csv"):
        made, source = raw.parent / "data" / row["image"], Path(row["source"])
        if source.suffix == ".webp":
            assert made.suffix == ".png" and not made.is_symlink()
        elif link == "hardlink":
            assert made.samefile(source) and not made.is_symlink()
        else:
            assert made.is_symlink() and made.resolve() == source.resolve()


def test_class_names_and_suffixless_labels(raw):
    (raw.parent / "names.csv").write_text("label,name\n2,sea/side\n10,..\n7,unused\n")
    (raw.parent / "labels.csv").write_text((raw.parent / "labels.csv").read_text().replace(".jpg", ""))
    assert run("datatransformer", *labels_flags(raw, "--class-names", raw.parent / "names.csv")).code == 0
    data = raw.parent / "data"
    assert [row["name"] for row in table(data / "classes.csv")] == ["sea/side", ".."]
    assert sorted(path.name for path in (data / "train").iterdir()) == ["_", "sea_side"], "no class leaves the folder"


def test_every_kind_of_bad_input_is_reported(raw):
    outside = raw.parent / "outside.jpg"
    write_image(outside)
    (raw / "link.jpg").symlink_to(outside)
    (raw / "folder_link").symlink_to(raw.parent)
    (raw / "empty.jpg").touch()
    (raw / "text.jpg").write_text("not an image")
    write_image(raw / "nobody.jpg")
    write_image(raw / "single.jpg")
    write_image(raw / "=cmd.jpg")
    with (raw.parent / "labels.csv").open("a") as file:
        file.write("\n=cmd.jpg,2\nlink.jpg,2\nempty.jpg,2\ntext.jpg,10\nsingle.jpg,77\n../outside.jpg,2\n")
        file.write(f"{outside},2\nmissing.jpg,2\n000.jpg,10\n001.jpg,2\nonly_one_cell\n=evil(),2\n")
    done = run("datatransformer", *labels_flags(raw))
    assert done.code == 0, done.err
    found = {row["source"]: row["reason"] for row in table(raw.parent / "data" / "rejected.csv")}
    expected = {
        "link.jpg": "leads out of the raw folder", "folder_link": "leads out of the raw folder",
        "empty.jpg": "empty", "text.jpg": "not an image", "nobody.jpg": "has no label",
        "single.jpg": "only usable image of class 77", "../outside.jpg": "leads out", str(outside): "leads out",
        "missing.jpg": "no such file", "000.jpg": "2 labels: 2, 10", "labels.csv:31": "expected an image and a label",
        "=evil()": "no such file",
    }  # fmt: skip
    assert len(found) == len(expected)
    for name, reason in expected.items():
        assert [why for source, why in found.items() if source.endswith(name) and reason in why], (name, found)
    rows = table(raw.parent / "data" / "manifest.csv")
    assert len(rows) == 20 and any(row["source"].endswith("=cmd.jpg") for row in rows), "all good images are there"
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    assert [row["name"] for row in table(raw.parent / "data" / "classes.csv")] == ["2", "10"]


def test_the_split_is_exact_among_good_images(raw):
    run("datatransformer", *labels_flags(raw))
    validation = [Path(row["source"]) for row in table(raw.parent / "data" / "manifest.csv") if row["split"] == "val"]
    for path in validation:
        path.write_bytes(b"")  # all validation images are damaged now
    assert run("datatransformer", *labels_flags(raw, "--overwrite")).code == 0
    rows = table(raw.parent / "data" / "manifest.csv")
    assert Counter((row["split"], row["class"]) for row in rows) == {
        ("train", "2"): 6, ("val", "2"): 2, ("train", "10"): 6, ("val", "10"): 2,
    }  # fmt: skip
    assert all((raw.parent / "data" / row["image"]).exists() for row in rows)


def test_class_folders_with_equal_file_names(tmp_path):
    for number in range(4):
        write_image(tmp_path / "raw" / "sea" / f"{number}.jpg")
        write_image(tmp_path / "raw" / "hill" / f"{number}.jpg")
    write_image(tmp_path / "raw" / "sea" / "deep" / "0.jpg", 1)
    write_image(tmp_path / "raw" / "sea" / "0.png", 2)
    write_image(tmp_path / "raw" / "stray.jpg")
    (tmp_path / "raw" / ".hidden").write_text("x")
    done = run("datatransformer", "--source", "folders", "--raw-images", tmp_path / "raw", "--data", tmp_path / "data")
    assert done.code == 0, done.err
    rows = table(tmp_path / "data" / "manifest.csv")
    assert len(rows) == 10 == len({row["image"] for row in rows})
    assert rejection_reasons(tmp_path / "data") == {"stray.jpg": "is not in a class folder"}


def test_too_few_images_give_a_clear_error(tmp_path):
    write_image(tmp_path / "raw" / "only" / "a.jpg")
    write_image(tmp_path / "raw" / "only" / "b.jpg")
    done = run("datatransformer", "--source", "folders", "--raw-images", tmp_path / "raw", "--data", tmp_path / "data")
    assert done.code == 1 and "two classes are needed" in done.err
    assert not (tmp_path / "data").exists()


def test_damaged_files_of_all_kinds_are_reported_and_the_others_are_used(shared, tmp_path):
    shutil.copytree(shared / "broken", tmp_path / "raw" / "odd")
    for path in sorted((shared / "scene15" / "images").iterdir())[:5]:
        (tmp_path / "raw" / "scene").mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / "raw" / "scene")
    done = run("datatransformer", "--source", "folders", "--raw-images", tmp_path / "raw", "--data", tmp_path / "data")
    assert done.code == 0, done.err
    assert set(rejection_reasons(tmp_path / "data")) == {
        "zero-byte.jpg", "truncated.jpg", "text.jpg", "README.md",
    }  # fmt: skip
    rows = table(tmp_path / "data" / "manifest.csv")
    assert len(rows) == 18 + 5
    for row in rows:
        tf.io.decode_image((tmp_path / "data" / row["image"]).read_bytes(), channels=3, expand_animations=False)


def lines_of(file: Path) -> int:
    return file.read_bytes().count(b"\n") if file.exists() else 0


def test_a_killed_run_resumes_and_gives_the_same_data_folder(tmp_path):
    flags = ["--source", "scenes", "--pictures", 400, "--picture-size", 64]
    assert run("datatransformer", *flags, "--data", tmp_path / "unbroken").code == 0
    data, work = tmp_path / "data", tmp_path / "data.partial"
    for least in (20, 150):
        process = start("datatransformer", *flags, "--data", data)
        wait_for(lambda least=least: lines_of(work / "manifest.csv") >= least, process)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert not data.exists()
    with (work / "manifest.csv").open("a") as file:
        file.write("train/beach/beach_9")  # half a line, as a kill leaves it
    done = run("datatransformer", *flags, "--data", data)
    assert done.code == 0 and "Resuming after" in done.out
    assert {name: content for name, (_, content) in snapshot(data).items()} == {
        name: content for name, (_, content) in snapshot(tmp_path / "unbroken").items()
    }
    assert not work.exists()


def test_changes_to_labels_and_images_between_two_runs_count(raw):
    """A resumed run does not use the earlier labels, nor the earlier rejects."""
    labels = raw.parent / "labels.csv"
    text = labels.read_text()
    labels.write_text(text.replace(",10", ",2"))
    assert run("datatransformer", *labels_flags(raw)).code == 1, "one class is no data set"
    labels.write_text(text)
    (raw / "000.jpg").write_bytes(b"")
    assert run("datatransformer", *labels_flags(raw)).code == 0
    rows = table(raw.parent / "data" / "manifest.csv")
    assert Counter(row["class"] for row in rows) == {"2": 9, "10": 10}
    assert all(row["image"].split("/")[1] == row["class"] for row in rows)
    assert len(list((raw.parent / "data").rglob("*.jpg"))) == 19, "nothing is left of the first try"


def test_odd_files_do_not_stop_a_run(raw):
    """A pipe, a link to itself, a name of 255 bytes."""
    os.mkfifo(raw / "pipe.jpg")
    (raw / "circle.jpg").symlink_to(raw / "circle.jpg")
    long_name = "x" * 251 + ".jpg"
    write_image(raw / long_name)
    with (raw.parent / "labels.csv").open("a") as file:
        file.write(f"\npipe.jpg,2\ncircle.jpg,2\n{long_name},2\n")
    assert run("datatransformer", *labels_flags(raw)).code == 0
    found = rejection_reasons(raw.parent / "data")
    assert found["pipe.jpg"] == "not a file" and "leads nowhere" in found["circle.jpg"]
    assert len(table(raw.parent / "data" / "manifest.csv")) == 21


def test_ctrl_c_ends_with_its_exit_code(tmp_path):
    process = start("datatransformer", "--source", "scenes", "--pictures", 5000, "--data", tmp_path / "data")
    wait_for((tmp_path / "data.partial" / "manifest.csv").exists, process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "Run the same command again to resume" in err and "Traceback" not in err


def test_json_of_ai_challenger_end_to_end(raw):
    entries = [{"image_id": f"{number:03d}.jpg", "label_id": str(number % 2)} for number in range(20)]
    (raw.parent / "labels.csv").unlink()
    (raw.parent / "labels.json").write_text(json.dumps(entries))
    done = run(
        "datatransformer", "--source", "labels", "--raw-images", raw, "--raw-labels", raw.parent / "labels.json",
        "--data", raw.parent / "data",
    )  # fmt: skip
    assert done.code == 0 and len(table(raw.parent / "data" / "manifest.csv")) == 20


def test_a_raw_folder_without_write_permission_is_read(raw):
    os.chmod(raw, 0o555)
    try:
        assert run("datatransformer", *labels_flags(raw)).code == 0
    finally:
        os.chmod(raw, 0o755)


# ---- Without verification, and many files ----------------------------------------------------------------------------


def images(data: Path) -> dict[str, bytes]:
    return {row["source"]: (data / row["image"]).read_bytes() for row in table(data / "manifest.csv")}


@pytest.mark.parametrize("link", ["copy", "hardlink"])
def test_odd_files_are_read_the_same_with_and_without_verification(shared, tmp_path, link):
    """They do not begin and end like standard files, so they are opened in any case."""
    shutil.copytree(shared / "broken", tmp_path / "raw" / "odd")
    shutil.copy(shared / "broken" / "photo.webp", tmp_path / "raw" / "odd" / "webp.jpg")
    os.mkfifo(tmp_path / "raw" / "odd" / "pipe.jpg")
    for number in range(5):
        write_image(tmp_path / "raw" / "flat" / f"{number}.{'jpg' if number % 2 else 'png'}", number)
    flags = ["--source", "folders", "--raw-images", tmp_path / "raw", "--link", link]
    assert run("datatransformer", *flags, "--data", tmp_path / "verified").code == 0
    done = run("datatransformer", *flags, "--no-verify", "--data", tmp_path / "data")
    assert done.code == 0, done.err
    assert images(tmp_path / "data") == images(tmp_path / "verified") and len(images(tmp_path / "data")) == 19 + 5
    rejected, rejected_when_verified = rejection_reasons(tmp_path / "data"), rejection_reasons(tmp_path / "verified")
    assert rejected == rejected_when_verified and len(rejected) == 5


def test_without_verification_standard_files_are_not_decoded(raw):
    damaged = raw / "003.jpg"
    content = damaged.read_bytes()
    damaged.write_bytes(content[:30] + bytes(len(content) - 60) + content[-30:])
    data = raw.parent / "data"
    assert run("datatransformer", *labels_flags(raw, "--no-verify", "--link", "hardlink")).code == 0
    assert all((data / row["image"]).samefile(row["source"]) for row in table(data / "manifest.csv"))
    assert len(images(data)) == 20 and json.loads((data / "settings.json").read_text())["verify"] is False
    done = run("datatransformer", *labels_flags(raw, "--link", "hardlink"))
    assert done.code == 2 and "verify was False, is True" in done.err
    assert run("datatransformer", *labels_flags(raw, "--link", "hardlink", "--overwrite")).code == 0
    assert list(rejection_reasons(data)) == [damaged.name] and len(images(data)) == 19


def test_synthetic_images_are_not_verified(tmp_path):
    done = run("datatransformer", "--source", "scenes", "--no-verify", "--data", tmp_path / "data")
    assert done.code == 2 and "verify = 'False': has no effect with source scenes" in done.err


def test_leftovers_of_a_kill_are_written_again_and_images_without_a_raw_file_are_removed(raw):
    """A file that is half written and not noted; and one whose raw image has been moved since."""
    for flags in ([], ["--no-verify", "--link", "hardlink"]):
        transformer = DataTransformer(settings_of(DataTransformerConfig, *labels_flags(raw, *flags)))
        transformer._start_or_resume(is_started=False)
        folder = transformer.work / "train" / "2"
        folder.mkdir(parents=True)
        for number in range(10):
            (folder / f"{number:03d}.jpg").write_bytes(b"half")
        (folder / "moved.jpg").write_bytes(b"")
        manifest = "image,split,class,source\ntrain/2/moved.jpg,train,2,/raw/moved.jpg\n"
        (transformer.work / "manifest.csv").write_text(manifest)
        transformer.run()
        assert images(transformer.data) == {str(path): path.read_bytes() for path in sorted(raw.iterdir())}
        shutil.rmtree(transformer.data)


def test_memory_grows_only_with_the_names_in_one_folder(tmp_path):
    peaks = {}
    for amount in (500, 5500):
        write_image(tmp_path / f"{amount}" / "0" / "0.jpg")
        for number in range(1, amount):
            link = tmp_path / f"{amount}" / str(number % 10) / f"{number}.jpg"
            link.parent.mkdir(exist_ok=True)
            os.link(tmp_path / f"{amount}" / "0" / "0.jpg", link)
        flags = ["--source", "folders", "--raw-images", tmp_path / str(amount), "--data", tmp_path / f"data{amount}"]
        flags += ["--link", "hardlink", "--no-verify"]
        settings = settings_of(DataTransformerConfig, *flags)
        tracemalloc.start()
        DataTransformer(settings).run()
        peaks[amount] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert (peaks[5500] - peaks[500]) / 5000 < 20, "bytes per file"
