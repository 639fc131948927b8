"""Exports of Label Studio become masks or labels, or are left out with the reason."""

import numpy as np
import pytest

from settings import SettingError, WorkError
from tests.conftest import rejection_reasons
from tests.datatransformer.annotated_folders import column, counts, masks, said, save_json, save_pictures, transform
from tests.datatransformer.brushes import packed

CAT, DOG = {"background": 100, "cat": 100}, {"background": 100, "dog": 100}


def result(kind, value, key="r", name="label", **other):
    size = {"original_width": 20, "original_height": 10, "image_rotation": 0}
    return {"id": key, "type": kind, "from_name": name, "to_name": "image", "value": value, **size, **other}


def half(label, left=0, key="p", **other):
    points = [[left, 0], [left + 50, 0], [left + 50, 100], [left, 100]]
    return result("polygonlabels", {"points": points, "closed": True, "polygonlabels": [label]}, key, **other)


def box(label, key="b", **other):
    place = {"x": 60, "y": 20, "width": 20, "height": 40, "rotation": 0}
    return result("rectanglelabels", {**place, **other, "rectanglelabels": [label]}, key)


def choice(*labels, name="choice", key="c"):
    return {"id": key, "type": "choices", "from_name": name, "to_name": "image", "value": {"choices": list(labels)}}


def task(key, *results, image=None, **annotation):
    annotation = {"id": 1, "was_cancelled": False, "completed_by": 1, "result": list(results), **annotation}
    data = {"image": image or f"/data/upload/1/a1b2c3d4-{key}.jpg"}
    return {"id": key, "data": data, "annotations": [annotation], "predictions": []}


def export(root, tasks, *pictures):
    save_pictures(root, *(pictures or [f"{entry['id']}.jpg" for entry in tasks]))
    save_json(root / "export.json", tasks)
    return root


def test_kinds_of_regions(tmp_path):
    inside = np.zeros((10, 20), bool)
    inside[2:5, 3:7] = inside[9, 19] = True
    ellipse = {"x": 50, "y": 50, "radiusX": 10, "radiusY": 20, "rotation": 0, "ellipselabels": ["cat"]}
    geometry = {"points": [[0, 0], [50, 0], [50, 100], [0, 100]]}
    tasks = [
        task("over", half("dog"), half("cat", 25, "q")),
        task("brush", result("brushlabels", {"format": "rle", "rle": packed(inside), "brushlabels": ["dog"]})),
        task("box", box("cat"), half("dog")),
        task("turned", half("dog"), box("cat", rotation=90)),
        task("ellipse", result("ellipselabels", ellipse)),
        task("apart", result("polygon", geometry, name="shape"), result("labels", {**geometry, "labels": ["dog"]})),
        task("empty"),
        task("key", half("cat"), result("keypointlabels", {"x": 1, "y": 2, "keypointlabels": ["cat"]}, "k")),
    ]
    data = transform(export(tmp_path / "raw", tasks))
    found = masks(data)
    assert found["over.jpg"][0].tolist() == [2] * 5 + [1] * 10 + [0] * 5
    np.testing.assert_array_equal(found["brush.jpg"] == 2, inside)
    assert (found["box.jpg"][2:6, 12:16] == 255).all() and counts(data)["box.jpg"]["void"] == 16
    assert (found["turned.jpg"][2:6, 8:12] != 0).all()  # about its upper left corner
    assert found["ellipse.jpg"][5, 10] == 1 and 9 <= (found["ellipse.jpg"] == 1).sum() <= 16
    assert counts(data)["apart.jpg"] == DOG and counts(data)["key.jpg"] == CAT
    assert (found["empty.jpg"] == 0).all()
    assert "Results of the type keypointlabels, which give no area and are not used: 1" in said(data)


@pytest.mark.parametrize(
    "image",
    [
        "/data/upload/1/a1b2c3d4-my_cat.jpg", "/data/local-files/?d=photos/my_cat.jpg", "s3://bucket/photos/my_cat.jpg",
        "http://localhost:8080/data/upload/3/a1b2c3d4-my_cat.jpg?x=1", "my_cat.jpg", "\\photos\\my_cat.jpg",
        "/data/local-files/?d=photos%2Fmy_cat.jpg", "gs://b/a1b2c3d4-my_cat.jpg",
    ],
)  # fmt: skip
def test_names_of_images(tmp_path, image):
    raw = export(tmp_path / "raw", [task(1, half("cat"), image=image), task(2, half("cat"))], "my_cat.jpg", "2.jpg")
    assert counts(transform(raw)) == {"my_cat.jpg": CAT, "2.jpg": CAT}


def test_a_name_that_looks_like_an_upload_means_the_file_of_that_name(tmp_path):
    tasks = [task(1, half("cat"), image="/data/upload/1/deadbeef-1.jpg"), task(2, half("cat"))]
    data = transform(export(tmp_path / "raw", tasks, "deadbeef-1.jpg", "1.jpg", "2.jpg"))
    assert set(counts(data)) == {"deadbeef-1.jpg", "2.jpg"}


def test_skipped_unfinished_and_double_annotations(tmp_path):
    tasks = [task(number, half("cat")) for number in range(6)]
    tasks[0]["annotations"][0]["was_cancelled"] = True
    tasks[1] |= {"annotations": [], "predictions": [{"result": [half("cat")]}]}
    tasks[2]["annotations"].append({"id": 2, "completed_by": 2, "result": [half("dog")]})
    tasks[3]["annotations"].append({"id": 2, "completed_by": 2, "ground_truth": True, "result": [half("dog")]})
    tasks[4]["annotations"][0]["result"][0]["image_rotation"] = 90
    data = transform(export(tmp_path / "raw", tasks))
    assert counts(data) == {"2.jpg": CAT, "3.jpg": DOG, "5.jpg": CAT}
    assert "several annotations, of which the ground truth or the first one counts: 2" in said(data)
    reasons = rejection_reasons(data)
    assert reasons["export.json: task 0"] == "has not been annotated"
    assert "its predictions are not used" in reasons["export.json: task 1"]
    assert "was turned in the program" in reasons["4.jpg"]


def test_choices(tmp_path):
    tasks = [task(number, choice(("cat", "dog")[number % 2])) for number in range(4)]
    tasks.append(task(4, choice("cat", "dog")))
    raw = export(tmp_path / "raw", tasks)
    data = transform(raw)
    assert column(data, "class") == {"0.jpg": "cat", "1.jpg": "dog", "2.jpg": "cat", "3.jpg": "dog"}
    assert column(transform(raw, labels="several", overwrite=True), "labels")["4.jpg"] == "cat|dog"


def test_one_of_two_groups_of_choices(tmp_path):
    tasks = [
        task(number, choice(("cat", "dog")[number % 2]), choice(("day", "night")[number // 2], name="time", key="t"))
        for number in range(4)
    ]
    raw = export(tmp_path / "raw", tasks)
    with pytest.raises(WorkError, match="has 2 labels: cat, day"):
        transform(raw)
    data = transform(raw, attribute="time")
    assert column(data, "class") == {"0.jpg": "day", "1.jpg": "day", "2.jpg": "night", "3.jpg": "night"}


def test_choices_of_regions_as_classes(tmp_path):
    tasks = [task(n, half("car"), choice(("red", "blue")[n % 2], name="colour", key="p")) for n in range(4)]
    raw = export(tmp_path / "raw", tasks)
    data = transform(raw)
    assert counts(data)["1.jpg"] == {"background": 100, "car": 100} and "colour (blue, red)" in said(data)
    data = transform(raw, attribute="colour", overwrite=True)
    assert counts(data)["1.jpg"] == {"background": 100, "blue": 100}


def minimum(number, **results):
    """A task of JSON-MIN."""
    common = {"id": number, "annotator": 1, "annotation_id": number, "created_at": "2024", "lead_time": 3.1}
    return {"image": f"/data/upload/1/a1b2c3d4-{number}.jpg", **common, **results}


def test_json_min(tmp_path):
    places = {"original_width": 20, "original_height": 10}
    polygons = [{**half(("cat", "dog")[number % 2])["value"], **places} for number in range(4)]
    data = transform(export(tmp_path / "a", [minimum(n, label=[polygons[n]]) for n in range(4)]))
    assert counts(data) == {"0.jpg": CAT, "1.jpg": DOG, "2.jpg": CAT, "3.jpg": DOG}
    raw = export(tmp_path / "b", [minimum(n, choice=("cat", "dog")[n % 2]) for n in range(4)])
    assert column(transform(raw), "class")["1.jpg"] == "dog"
    raw = export(tmp_path / "c", [minimum(n, weather=("rain", "sun")[n % 2]) for n in range(4)])
    with pytest.raises(WorkError, match="attributes are weather; --attribute NAME"):
        transform(raw)
    assert column(transform(raw, attribute="weather"), "class")["1.jpg"] == "sun"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('[{"id": 1, "data": {"image": "a.jpg"}, "annotations": [{"result": [', "is no valid JSON"),
        ('[1, {"id": 2, "data": {}, "annotations": []}]', "task 1: is no task"),
        ('[{"id": 1, "data": {"image": "data:image/png;base64,x"}, "annotations": [{"result": []}]}]', "inside"),
        ('[{"id": 1, "data": {"image": "a.jpg"}, "annotations": 3}]', "has no list of annotations"),
        ("{}", "holds no images"),
    ],
)  # fmt: skip
def test_damaged_exports(tmp_path, content, problem):
    raw = save_pictures(tmp_path / "raw", "a.jpg")
    (raw / "x.json").write_text(content)
    with pytest.raises(WorkError, match=problem):
        transform(raw, source="label-studio", raw_labels=raw / "x.json")


def test_two_exports_are_undecided(tmp_path):
    raw = export(tmp_path / "raw", [task(1, half("cat")), task(2, half("cat"))])
    (raw / "old.json").write_bytes((raw / "export.json").read_bytes())
    with pytest.raises(SettingError, match="found 2 exports"):
        transform(raw)
