"""CVAT for images 1.1, https://docs.cvat.ai/docs/other/xml_format: one XML file with the shapes of all images."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from datatransformer.annotations.files import BadAnnotation, annotation_files, number_of, size_of, subset_of
from datatransformer.annotations.rings import centred_box_ring, ellipse_ring
from datatransformer.listing import Listing, Rejected
from datatransformer.naming import split_of_folder
from datatransformer.sources import Evidence
from settings import SettingError, bad_setting

if TYPE_CHECKING:
    from config import DataTransformerConfig
    from datatransformer.annotations.annotated import AnnotatedImage, Annotations
    from datatransformer.annotations.cvat_xml import Element
    from datatransformer.report import Report

TASKS = ("segmentation", "classification", "multilabel")
SETTINGS = (
    "raw_images", "raw_labels", "class_names", "merge_classes", "void", "attribute", "boxes", "range", "max_pixels",
    "link",
)  # fmt: skip
NAMED_BY = ()

WITHOUT_AREA = ("polyline", "points", "cuboid", "skeleton")


def recognises(settings: "DataTransformerConfig") -> list[Evidence]:
    """An XML file of CVAT in the raw folder, a folder in it, or beside it."""
    root = settings.raw_images
    files = annotation_files(root, "cvat", (".xml",)) if root else []
    return [Evidence(f"{files[0]} is a file of CVAT", overrides=("folders",))] if files else []


def read(settings: "DataTransformerConfig", report: "Report") -> Listing:
    """Raises SettingError without `raw_images` and XML file, WorkError for a damaged file."""
    from datatransformer.annotations.annotated import Annotations
    from datatransformer.annotations.listing import list_annotated

    root = settings.raw_images
    if root is None:
        raise SettingError(bad_setting("raw_images", None, "source cvat needs the folder of images"))
    files = [settings.raw_labels] if settings.raw_labels else annotation_files(root, "cvat", (".xml",))
    if not files:
        raise SettingError(
            bad_setting("raw_labels", None, f"source cvat found no XML file of CVAT in or beside {root}; name it")
        )
    shown = ", ".join(path.name for path in files)
    annotations = Annotations("CVAT for images", shown, f"is not in {shown}", attribute=settings.attribute or "")
    annotations.images = _images(files, root, annotations)
    return list_annotated(annotations, settings, report, root)


def _images(files: list[Path], root: Path, annotations: "Annotations") -> "Iterator[AnnotatedImage | Rejected]":
    from datatransformer.annotations.cvat_xml import read_images

    for path in files:
        known: set[str] = set()
        for element in read_images(path):
            if element.tag == "labels":
                for label in element.children:
                    _declare(label, annotations)
                    known.add(label.attributes["name"])
                continue
            source = f"{path.name}: image {element.attributes.get('id', element.attributes.get('name'))}"
            image = _image(element, source, path, root, annotations)
            yield image
            if known and not annotations.attribute:
                unknown = {shape.label for shape in (*image.shapes, *image.boxes)} - known
                unknown |= set(image.tags) - known
                for name in sorted(unknown - {""}):
                    annotations.doubts[f"Images with the label {name}, which is not in the list of {path.name}"] += 1
            if unnamed := sum(shape.label == "" for shape in (*image.shapes, *image.boxes)):
                annotations.doubts["Shapes and boxes without a class, whose inside is void"] += unnamed


def _declare(label: "Element", annotations: "Annotations") -> None:
    name, colour = label.attributes["name"], label.attributes.get("color", "")
    if name and name not in annotations.classes:
        annotations.classes.append(name)
        if len(colour) == 7 and colour.startswith("#"):
            try:
                red, green, blue = bytes.fromhex(colour[1:])
            except ValueError:
                return
            if (red, green, blue) not in annotations.colours.values():
                annotations.colours[name] = (red, green, blue)


def _image(element: "Element", source: str, file: Path, root: Path, annotations: "Annotations") -> "AnnotatedImage":
    from datatransformer.annotations.annotated import AnnotatedImage
    from datatransformer.annotations.shapes import Shape

    attributes = element.attributes
    name, subset = attributes.get("name", "").strip(), attributes.get("subset", "").strip()
    names = _names(name, subset, file, root)
    split = split_of_folder(subset) if subset else subset_of(file)
    image = AnnotatedImage(names, source, split=split)
    tags: list[str] = []
    shapes: list[tuple[float, Shape]] = []
    boxes: list[Shape] = []
    try:
        size = size_of(attributes.get("width"), attributes.get("height"))
        for child in element.children:
            if child.tag == "attribute":
                continue
            of_child = {entry.attributes["name"]: entry.attributes.get("value", "") for entry in child.children}
            label = annotations.label_of(child.attributes.get("label", "").strip(), of_child)
            if child.tag == "tag":
                tags.append(label)
            elif child.tag == "box":
                boxes.append(Shape(label, "rings", [_box(child)]))
            elif child.tag in WITHOUT_AREA:
                annotations.remarks[f"Annotations of the kind {child.tag}, which outline no area and are not used"] += 1
            else:
                order = number_of(child.attributes.get("z_order", 0), "z_order")
                shapes.append((order, Shape(label, *_geometry(child))))
    except BadAnnotation as error:
        return image._replace(problem=str(error))
    in_order = [shape for _, shape in sorted(shapes, key=lambda entry: entry[0])]
    return image._replace(
        size=size, shapes=tuple(in_order), boxes=tuple(boxes), tags=tuple(dict.fromkeys(filter(None, tags)))
    )


def _names(name: str, subset: str, file: Path, root: Path) -> tuple[str, ...]:
    """The name in the folder of its subset, in that of the file, and as it is."""
    folder = file.parent.relative_to(root).as_posix() if file.parent.is_relative_to(root) else "."
    within = [subset] if subset else [folder] if folder != "." else []
    return (*(f"{parent}/{name}" for parent in within), name)


def _geometry(element: "Element") -> tuple[str, list]:
    """Kind and data of a shape with an area. Raises BadAnnotation."""
    if element.tag == "polygon":
        points = [point.split(",") for point in element.attributes.get("points", "").split(";")]
        if len(points) < 3 or any(len(point) != 2 for point in points):
            raise BadAnnotation("a polygon has not at least three points x,y;x,y;x,y")
        return "rings", [[number_of(value, "a coordinate") for point in points for value in point]]
    if element.tag == "ellipse":
        x, y, radius_x, radius_y = (_number(element, key) for key in ("cx", "cy", "rx", "ry"))
        return "rings", [ellipse_ring(x, y, radius_x, radius_y, _number(element, "rotation", 0))]
    if element.tag == "mask":
        place = [int(_number(element, key)) for key in ("left", "top", "width", "height")]
        try:
            counts = [int(count) for count in element.attributes.get("rle", "").split(",") if count.strip()]
        except ValueError as error:
            raise BadAnnotation("a mask has run lengths that are no integers") from error
        return "row runs", [*place, counts]
    raise BadAnnotation(f"has the unknown element {element.tag}")


def _box(element: "Element") -> list[float]:
    left, top, right, bottom = (_number(element, key) for key in ("xtl", "ytl", "xbr", "ybr"))
    middle = (left + right) / 2, (top + bottom) / 2
    return centred_box_ring(*middle, right - left, bottom - top, _number(element, "rotation", 0))


def _number(element: "Element", key: str, default: float | None = None) -> float:
    return number_of(element.attributes.get(key, default), f"{key} of a {element.tag}")
