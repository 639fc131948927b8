"""An output is appended to row by row, and only continued with the same note and the same images."""

from pathlib import Path

import pytest

from predictor.images import ImageFile
from predictor.output import Done, Output, check_output
from settings import SettingError, WorkError

IMAGES = [ImageFile(Path(name), name) for name in ("a.jpg", "b.jpg", "c.jpg")]


@pytest.fixture
def output(tmp_path) -> Output:
    """Two rows, and a rejected image between them."""
    output = Output(tmp_path / "p.csv", ["label"], ["label_2"])
    output.start({"columns": ["label"]}, overwrite=False)
    with output:
        output.add(["a.jpg"], [[1, 2]])
        output.reject("b.jpg", "empty")
        output.add(["c.jpg"], [[3, 4]])
    return output


def test_rows_and_evaluation_columns_are_in_different_files(output):
    assert output.path.read_text() == "image,label\na.jpg,1\nc.jpg,3\n"
    assert output.ranking.read_text() == "image,label_2\na.jpg,2\nc.jpg,4\n"
    assert output.rejected_names() == ["b.jpg"] and list(output.names()) == ["a.jpg", "c.jpg"]


def test_images_with_a_row_are_counted(output):
    assert output.done(lambda: IMAGES) == Done(3)
    output.path.write_text("image,label\na.jpg,1\nc.jp")
    assert output.is_torn()
    assert output.done(lambda: IMAGES) == Done(2) and not output.is_torn()
    output.path.write_text("image,label\n")
    assert output.done(lambda: IMAGES) == Done(0)
    assert output.count_rejected() == 0, "no rejected images after the last row"


def test_images_that_were_added_or_removed_since_are_told_by_their_names(output):
    new = [ImageFile(Path(name), name) for name in ("0.jpg", "bb.jpg", "z.jpg")]
    for images, rest in ((IMAGES[1:], []), ([new[0], *IMAGES], new[:1]), (sorted([*IMAGES, *new]), new)):
        done = output.done(lambda images=images: images)
        assert list(done.rest(images)) == rest
        assert done.names == {"a.jpg", "b.jpg", "c.jpg"} and output.rejected_names() == ["b.jpg"]
    assert list(output.done(lambda: [*IMAGES, new[2]]).rest([*IMAGES, new[2]])) == [new[2]]


def test_the_evaluation_columns_resume_with_the_csv(output):
    output.path.write_text("image,label\na.jpg,1\n")
    with output:
        output.add(["c.jpg"], [[5, 6]])
    assert output.ranking.read_text() == "image,label_2\na.jpg,2\nc.jpg,6\n"
    output.ranking.write_text("image,label_2\na.jpg,2\n")
    with pytest.raises(WorkError, match="lacks rows"), output:
        pass


@pytest.mark.parametrize(
    ("note", "problem"), [({"columns": ["other"], "tta": "flip"}, "different columns, tta"), (None, "was not made by")]
)
def test_outputs_with_another_note_are_refused_or_replaced(output, note, problem):
    if note is None:
        output.note.unlink()
        output.rejected.unlink()
    with pytest.raises(SettingError, match=problem):
        output.start(note or {"columns": ["label"]}, overwrite=False)
    output.start(note or {"columns": ["label"]}, overwrite=True)
    assert not output.path.exists() and not output.ranking.exists()


def test_folders_are_no_outputs(tmp_path):
    with pytest.raises(SettingError, match="name of a CSV file"):
        check_output(tmp_path)


def test_an_image_that_stands_twice_in_a_table_is_damage(tmp_path):
    output = Output(tmp_path / "p.csv", ["label"])
    (tmp_path / "p.csv").write_text("image,label\na.jpg,1\na.jpg,1\n")
    with pytest.raises(WorkError, match=r"p\.csv is damaged: a\.jpg stands twice .*--overwrite"):
        output.done(lambda: [])
