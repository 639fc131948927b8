"""The images of a raw data set, as a source lists them, and the ones that it leaves out."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datatransformer.pictures.images import EncodedImage

Colour = tuple[int, int, int]
"""Red, green and blue, 0..255."""


class Rejected(NamedTuple):
    """A source that was left out, and the reason."""

    source: str
    reason: str


class EncodedPair(NamedTuple):
    """An image, and its mask as a PNG file of class indices. The mask is empty for classification.

    `pixels`: the number of pixels of each value of the mask, if the one who made it has counted them.
    """

    image: "EncodedImage"
    mask: bytes
    pixels: Mapping[int, int] | None = None


class RawImage(NamedTuple):
    """A raw image with its label. There may be millions of them.

    Attributes:
        name: unique; the split depends on it. It is the path in the raw folder, if there is one.
        path: its file, or empty.
        class_name: empty for segmentation.
        split: "train", "val" or "test" if the source itself decides this, else None.
        mask: the file of its mask, or the text of which the source draws it; or empty.
        labels: all its labels, if images may have several; then class_name is empty.
        frame: the number of a frame or page from 1, if each of them is an image; 0 for the first or only one.
    """

    name: str
    path: str = ""
    class_name: str = ""
    split: str | None = None
    mask: str = ""
    labels: tuple[str, ...] = ()
    frame: int = 0

    @property
    def source(self) -> str:
        return f"{self.path}#{self.frame}" if self.frame else self.path or self.name


MakePair = Callable[[RawImage], EncodedPair]


@dataclass(frozen=True)
class Listing:
    """The content of a raw data set.

    Attributes:
        entries: the images, and what is left out from the start. They can be iterated once.
        classes: in their order. None: the classes of the images, in natural order.
        make_pair: reads or draws an image and its mask. None: the image is the content of its file.
        colours: of the classes, if the raw data have colours.
        task: what the raw data are for, if they decide it. None: what the settings say.
    """

    entries: Iterable[RawImage | Rejected]
    classes: list[str] | None = None
    make_pair: MakePair | None = None
    colours: list[Colour | None] | None = None
    task: str | None = None
