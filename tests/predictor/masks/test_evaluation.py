"""The evaluation of masks agrees with numbers computed by hand."""

import cv2
import numpy as np
import pytest

from datatransformer.layout import read_data_folder
from predictor.masks.evaluation import MaskExample, _best_and_worst, evaluate_masks
from predictor.masks.files import SegmentedImage
from predictor.segmentation_scores import segmentation_scores
from settings import WorkError
from tests.conftest import table
from tests.plots.figures import figures

VOID = 255


@pytest.fixture
def data(tmp_path):
    """Two validation images of two classes, and a training image."""
    folder = tmp_path / "data"
    masks = {"a": [[0, 0], [1, VOID]], "b": [[1, 1], [1, 1]]}
    lines = []
    for split, name in (("train", "t"), ("val", "a"), ("val", "b")):
        for kind in ("images", "masks"):
            (folder / split / kind).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / split / "images" / f"{name}.png"), np.zeros((2, 2, 3), np.uint8))
        cv2.imwrite(str(folder / split / "masks" / f"{name}.png"), np.array(masks.get(name, [[0, 1]]), np.uint8))
        lines.append(f"{split}/images/{name}.png,{split},{split}/masks/{name}.png,{name}.png")
    (folder / "classes.csv").write_text("index,name\n0,sky\n1,=road\n")
    (folder / "manifest.csv").write_text("\n".join(["image,split,mask,source", *lines, ""]))
    return read_data_folder(folder, "segmentation")


def segmented(name: str, mask: list[list[int]]) -> SegmentedImage:
    return SegmentedImage(f"images/{name}.png", np.zeros((2, 2, 3), np.uint8), np.array(mask, np.uint8))


def test_tables_and_figures_by_hand(data, tmp_path):
    with figures() as saved:
        scores = evaluate_masks(
            [segmented("a", [[0, 1], [1, 1]]), segmented("b", [[1, 1], [0, 1]])], data, tmp_path / "out"
        )
    assert scores["accuracy"] == pytest.approx(5 / 7) and scores["accuracy_with_void"] == pytest.approx(5 / 8)
    assert scores["mean_iou"] == pytest.approx((1 / 3 + 4 / 6) / 2)
    summary = {row["measure"]: float(row["value"]) for row in table(tmp_path / "out" / "summary.csv")}
    assert summary == pytest.approx(scores, abs=1e-6)
    assert [(row["class"], row["iou"], row["pixels"]) for row in table(tmp_path / "out" / "classes.csv")] == [
        ("sky", "0.3333", "2"), ("'=road", "0.6667", "5"),
    ]  # fmt: skip
    examples = table(tmp_path / "out" / "predictions.csv")
    assert [row["image"] for row in examples] == ["images/b.png", "images/a.png"], "the best is first"
    captions = [axes.get_ylabel() for axes in saved[-1].axes if axes.get_ylabel()]
    assert len(saved) == 3 and captions == ["b\naccuracy 75.0%", "a\naccuracy 66.7%"]


def test_no_masks_are_an_error(data, tmp_path):
    with pytest.raises(WorkError, match="could be read"):
        evaluate_masks([], data, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_damaged_true_mask_is_named(data, tmp_path):
    (data.path / "val" / "masks" / "a.png").write_bytes(b"nothing")
    with pytest.raises(WorkError, match=r"masks/a\.png is damaged"):
        evaluate_masks([segmented("a", [[0, 1], [1, 1]])], data, tmp_path / "out")


def test_the_best_and_the_worst_images_are_kept():
    kept: list[MaskExample] = []
    for number in np.random.default_rng(0).permutation(20).tolist():
        scores = segmentation_scores(np.array([[number, 20 - number], [0, 0]]))
        kept = _best_and_worst([*kept, MaskExample(str(number), *[np.zeros((1, 1), np.uint8)] * 3, scores)])
    assert [example.name for example in kept] == ["0", "1", "2", "17", "18", "19"]
