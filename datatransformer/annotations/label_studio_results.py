"""The results of a task of Label Studio as shapes, boxes and tags."""

from collections import Counter
from typing import Any

from datatransformer.annotations.annotated import AnnotatedImage, Annotations, as_label
from datatransformer.annotations.files import BadAnnotation, number_of, ring_of, size_of
from datatransformer.annotations.rings import box_ring, ellipse_ring
from datatransformer.annotations.shapes import Shape


def as_image(
    names: tuple[str, ...], source: str, results: list[dict[str, Any]], annotations: Annotations
) -> AnnotatedImage:
    """The image of a task. `results`: as `value` and what stands beside it, in one object each."""
    image, remarks = AnnotatedImage(names, source), annotations.remarks
    try:
        sizes = {size_of(result.get("original_width"), result.get("original_height")) for result in results} - {None}
        if len(sizes) > 1:
            raise BadAnnotation(f"has results for images of different sizes: {sorted(filter(None, sizes))}")
        size = next(iter(sizes), None)
        regions = _by_region(results)
        shapes: list[Shape] = []
        boxes: list[Shape] = []
        tags: list[str] = []
        for region in regions:
            labels, chosen = _labels(region), region["chosen"]
            geometry = _geometry(region, size, remarks)
            if geometry is None:
                for group, choices in chosen.items():
                    for choice in choices:
                        annotations.note_attribute(group, choice)
                    tags += choices if annotations.attribute in ("", group) else []
                continue
            if chosen or annotations.attribute:
                first = {group: choices[0] for group, choices in chosen.items() if choices}
                labels = [label for label in [annotations.label_of(labels[0] if labels else "", first)] if label]
            if len(labels) > 1:
                remarks["Regions with several labels, of which the first one counts"] += 1
            elif not labels:
                remarks["Regions without a label, whose inside is void"] += 1
            shape = Shape(labels[0] if labels else "", *geometry[1:])
            (boxes if geometry[0] == "box" else shapes).append(shape)
    except BadAnnotation as error:
        return image._replace(problem=str(error))
    return image._replace(size=size, shapes=tuple(shapes), boxes=tuple(boxes), tags=tuple(dict.fromkeys(tags)))


def _by_region(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One object for all results of a region, in the order of the regions: its labels may stand beside its outline.

    `chosen`: the choices for the region, by the names of the groups of choices.
    """
    regions: dict[str, dict[str, Any]] = {}
    for number, result in enumerate(results):
        key = str(result.get("id") or f"#{number}")
        region = regions.setdefault(key, {"chosen": {}})
        if choices := _choices(result):
            region["chosen"].setdefault(str(result.get("from_name") or "choices"), []).extend(choices)
        region |= result
    return list(regions.values())


def _labels(region: dict[str, Any]) -> list[str]:
    """The labels of a region: `polygonlabels`, `rectanglelabels`, `labels` ..."""
    found = [value for key, value in region.items() if key.lower().endswith("labels") and isinstance(value, list)]
    return list(dict.fromkeys(name for labels in found for label in labels if (name := as_label(label))))


def _choices(result: dict[str, Any]) -> list[str]:
    choices = result.get("choices")
    values = choices if isinstance(choices, list) else [choices] if isinstance(choices, str) else []
    return [name for choice in values if (name := as_label(choice))]


def _geometry(
    region: dict[str, Any], size: tuple[int, int] | None, remarks: Counter[str]
) -> tuple[str, str, Any] | None:
    """Whether a region is a box or a shape, its kind and its data; None if it has no area. Raises BadAnnotation."""
    kind = str(region.get("type", "")).lower()
    is_area = any(key in region for key in ("points", "rle", "radiusX")) or ("x" in region and "height" in region)
    if not is_area or kind.startswith("keypoint"):
        if not region["chosen"]:
            remarks[f"Results of the type {as_label(kind)[:40] or 'unknown'}, which give no area and are not used"] += 1
        return None
    if size is None:
        raise BadAnnotation("has a region without original_width and original_height")
    if region.get("image_rotation"):
        raise BadAnnotation("was turned in the program; save the image upright")
    width, height = size
    if "rle" in region:
        return "shape", "brush", region["rle"]
    if "points" in region:
        ring = ring_of(region["points"])
        if len(ring) < 6:
            remarks["Polygons of too few points, which have no area and are not used"] += 1
            return None
        return "shape", "rings", [_pixels(ring, width, height)]
    turn = number_of(region.get("rotation") or 0, "rotation")
    x, y = number_of(region.get("x"), "x") * width / 100, number_of(region.get("y"), "y") * height / 100
    if "radiusX" in region:
        radius_x = number_of(region["radiusX"], "radiusX") * width / 100
        radius_y = number_of(region.get("radiusY"), "radiusY") * height / 100
        return "shape", "rings", [ellipse_ring(x, y, radius_x, radius_y, turn)]
    box_width = number_of(region.get("width"), "width") * width / 100
    box_height = number_of(region["height"], "height") * height / 100
    return "box", "rings", [box_ring(x, y, box_width, box_height, turn)]


def _pixels(ring: list[float], width: int, height: int) -> list[float]:
    """Per cent as pixels."""
    return [value * (height if place % 2 else width) / 100 for place, value in enumerate(ring)]
