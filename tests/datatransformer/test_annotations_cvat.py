"""CVAT's XML for images becomes masks or labels, or is refused in words."""

import numpy as np
import pytest

from datatransformer.layout import read_colours
from settings import WorkError
from tests.conftest import make_data_folder, rejection_reasons, table
from tests.datatransformer.annotated_folders import column, counts, masks, said, save_pictures, transform

HALF = "0,0;10,0;10,10;0,10"
RIGHT = "5.0,0.0;15.0,0.0;15.0,10.0;5.0,10.0"


def polygon(label, points=HALF, order=0):
    return f'<polygon label="{label}" source="manual" occluded="0" points="{points}" z_order="{order}"></polygon>'


def image(key, content, name=None, more=""):
    return f'<image id="{key}" name="{name or f"{key}.jpg"}" width="20" height="10" {more}>{content}</image>'


def save_cvat(file, *images, labels=("cat", "dog")):
    listed = "".join(f"<label><name>{name}</name><color>#0000f{n}</color></label>" for n, name in enumerate(labels))
    meta = f"<meta><task><labels>{listed}</labels></task></meta>"
    file.parent.mkdir(parents=True, exist_ok=True)
    start = '<?xml version="1.0" encoding="utf-8"?>\n<annotations><version>1.1</version>'
    file.write_text(f"{start}{meta}{''.join(images)}</annotations>")
    return file


def test_kinds_of_shapes(tmp_path):
    runs = '<mask label="dog" rle="0, 4, 2, 3" left="2" top="3" width="3" height="3" z_order="0"/>'
    contents = {
        "polygon": polygon("cat"),
        "order": polygon("dog", order=1) + polygon("cat", RIGHT, order=0),
        "later": polygon("dog") + polygon("cat", RIGHT),
        "mask": runs,
        "box": '<box label="cat" xtl="1" ytl="1" xbr="5" ybr="3"/>' + polygon("dog", RIGHT),
        "turned": polygon("dog") + '<box label="cat" xtl="12" ytl="4" xbr="16" ybr="6" rotation="90"/>',
        "ellipse": '<ellipse label="cat" cx="5" cy="5" rx="3" ry="2"/><polyline label="cat" points="1,2;3,4"/>',
        "empty": "",
    }
    raw = save_pictures(tmp_path / "raw", *(f"images/{name}.jpg" for name in contents))
    save_cvat(raw / "annotations.xml", *(image(name, content) for name, content in contents.items()))
    data = transform(raw)
    found = masks(data)
    assert found["polygon.jpg"][0].tolist() == [1] * 10 + [0] * 10
    assert found["order.jpg"][0].tolist() == [2] * 10 + [1] * 5 + [0] * 5
    assert found["later.jpg"][0].tolist() == [2] * 5 + [1] * 10 + [0] * 5
    assert np.argwhere(found["mask.jpg"] == 2).tolist() == [
        [3, 2], [3, 3], [3, 4], [4, 2], [5, 2], [5, 3], [5, 4]
    ]  # fmt: skip
    assert counts(data)["box.jpg"] == {"background": 92, "dog": 100, "void": 8}
    assert (found["turned.jpg"][3:7, 13:15] == 255).all() and (found["turned.jpg"] == 255).sum() == 8
    assert 16 <= counts(data)["ellipse.jpg"]["cat"] <= 22  # its area is 6 pi
    assert (found["empty.jpg"] == 0).all()
    assert "polyline, which outline no area and are not used: 1" in said(data)
    assert "Boxes (2) do not outline" in said(data)
    assert list(read_colours(data)[1:]) == [(0, 0, 240), (0, 0, 241)]


def test_tags(tmp_path):
    raw = save_pictures(tmp_path / "raw", *(f"{number}.jpg" for number in range(6)))
    tags = [f'<tag label="{("cat", "dog")[number % 2]}" source="manual"></tag>' for number in range(5)] + [""]
    tags[0] += '<tag label="dog"/>'
    save_cvat(raw / "annotations.xml", *(image(number, tag) for number, tag in enumerate(tags)))
    data = transform(raw)
    assert column(data, "class") == {"1.jpg": "dog", "2.jpg": "cat", "3.jpg": "dog", "4.jpg": "cat"}
    assert "--labels several" in rejection_reasons(data)["0.jpg"]
    labels = column(transform(raw, labels="several", overwrite=True), "labels")
    assert labels == {"0.jpg": "cat|dog", "1.jpg": "dog", "2.jpg": "cat", "3.jpg": "dog", "4.jpg": "cat", "5.jpg": ""}


def test_attributes_as_classes(tmp_path):
    raw = save_pictures(tmp_path / "raw", *(f"{number}.jpg" for number in range(4)))
    form = '<tag label="scene"><attribute name="weather">{}</attribute><attribute name="wet">true</attribute></tag>'
    tags = [image(number, form.format(("rain", "sun")[number % 2])) for number in range(4)]
    save_cvat(raw / "annotations.xml", *tags, labels=["scene"])
    with pytest.raises(WorkError, match="1 class are too few"):
        transform(raw)
    data = transform(raw, attribute="weather")
    assert column(data, "class") == {"0.jpg": "rain", "1.jpg": "sun", "2.jpg": "rain", "3.jpg": "sun"}


def test_subsets_with_the_same_names(tmp_path):
    raw, images = tmp_path / "raw", []
    for subset in ("Train", "Validation", "Test"):
        for number in range(2):
            save_pictures(raw, f"images/{subset}/{number}.jpg")
            content = polygon(("cat", "dog")[number])
            images.append(image(len(images), content, f"{number}.jpg", f'subset="{subset}"'))
    data = transform(save_cvat(raw / "annotations.xml", *images).parent)
    rows = {row["source"].removeprefix(f"{raw}/images/"): row["split"] for row in table(data / "manifest.csv")}
    assert rows == {
        "Train/0.jpg": "train", "Train/1.jpg": "train", "Validation/0.jpg": "val", "Validation/1.jpg": "val",
        "Test/0.jpg": "test", "Test/1.jpg": "test",
    }  # fmt: skip


def test_what_does_not_fit_is_left_out_or_said(tmp_path):
    contents = [
        polygon("cat"), polygon("dog"), polygon("cow"), polygon(""), polygon("cat", "0,0;1,1"),
        polygon("cat", "a,b;1,1;2,2"), '<mask label="cat" rle="1, 2" left="0" top="0" width="3" height="3"/>',
        '<circle label="cat"/>',
    ]  # fmt: skip
    raw = save_pictures(tmp_path / "raw", *(f"{number}.jpg" for number in range(9)))
    save_cvat(raw / "x.xml", *(image(number, content) for number, content in enumerate(contents)), image(99, ""))
    data = transform(raw)
    assert counts(data)["3.jpg"] == {"background": 100, "void": 100}
    assert "Images with the label cow, which is not in the list of x.xml: 1" in said(data)
    assert "Shapes and boxes without a class, whose inside is void: 1" in said(data)
    reasons = rejection_reasons(data)
    assert "three points" in reasons["4.jpg"] and "no number" in reasons["5.jpg"]
    assert "run lengths of 3 pixels for 9" in reasons["6.jpg"] and "unknown element circle" in reasons["7.jpg"]
    assert reasons["8.jpg"] == "is not in x.xml" and "no such file" in reasons["x.xml: image 99 99.jpg"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('<annotations><version>1.1</version><meta/><track id="0" label="cat"></track></annotations>', "for video"),
        ('<annotations><version>1.1</version><image id="1" name="a.jpg"', "damaged or cut off"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><annotations/>', "document type"),
        ("<annotation><object/></annotation>", "is no file of CVAT: it begins with <annotation>"),
        ("<annotations><version>1.1</version></annotations>", "holds no images"),
        ("", "damaged or cut off"),
    ],
)
def test_other_files_are_refused(tmp_path, content, problem):
    raw = save_pictures(tmp_path / "raw", "a.jpg")
    (raw / "x.xml").write_text(content)
    with pytest.raises(WorkError, match=problem):
        transform(raw, source="cvat", raw_labels=raw / "x.xml")


def test_real_files(shared, tmp_path):
    folder = shared / "annotations" / "cvat"
    data = make_data_folder(tmp_path / "project", raw_images=folder / "project")
    assert "The subsets decide the split: 2 of test, 2 of train, 2 of val" in said(data)
    expected = np.zeros((10, 10), np.uint8)
    expected[[2, 3, 4], [1, 2, 4]] = 1  # the polygon 1,2 3,4 6,5, as pycocotools draws it
    np.testing.assert_array_equal(masks(data)["img1.jpg"], expected)
    data = make_data_folder(tmp_path / "task", raw_images=folder / "task")
    box = np.zeros((8, 8), np.uint8)
    box[2:4, :4] = 255
    np.testing.assert_array_equal(masks(data)["img0.jpg"], box)
