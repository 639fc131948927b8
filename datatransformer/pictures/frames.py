"""Files that hold several pictures: animations, stacks and pages. `--frames all` makes an image of each."""

import re
from collections.abc import Iterable, Iterator

from PIL import Image

from datatransformer.listing import RawImage, Rejected
from datatransformer.naming import frame_name
from datatransformer.pictures.images import UnreadableImage, open_image, read_content
from datatransformer.pictures.tiff_tags import read_pages

SEVERAL = re.compile(r"\.(gif|tiff?|webp|a?png|avif|hei[cf]|hif)$", re.IGNORECASE)
"""Suffixes of files that may hold several pictures. The others in a JPEG (MPO) are previews and depth maps."""


def with_frames(entries: Iterable[RawImage | Rejected]) -> Iterator[RawImage | Rejected]:
    """The entries, with an image for each frame of a file that has several. All keep the label and split of the file.

    The first one keeps the name of the file, so that a list of names means the file.
    """
    for entry in entries:
        frames = frames_of(entry.path) if isinstance(entry, RawImage) and SEVERAL.search(entry.path) else ()
        if isinstance(entry, RawImage) and len(frames) > 1:
            yield entry._replace(frame=frames[0])
            yield from (entry._replace(name=frame_name(entry.name, frame), frame=frame) for frame in frames[1:])
        else:
            yield entry


def frames_of(path: str) -> list[int]:
    """The numbers of a file's frames from 1. Pages of a TIFF of another size than the first are previews and left out.

    A file that cannot be read has one; the reason follows when it is read.
    """
    try:
        content = read_content(path)
        if pages := read_pages(content):
            size = pages[0].width, pages[0].height
            return [number for number, page in enumerate(pages, 1) if (page.width, page.height) == size]
        with open_image(content) as image:
            return list(range(1, getattr(image, "n_frames", 1) + 1)) if isinstance(image, Image.Image) else [1]
    except UnreadableImage:
        return [1]
