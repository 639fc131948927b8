"""When memory or file descriptors run out, no file is called damaged: the command ends and says what ran out."""

import errno
import resource

import cv2
import pytest
from PIL import Image

from datatransformer.masks.raw_masks import read_raw_mask
from datatransformer.pictures.images import UnreadableImage, read_image
from predictor.images import ImageFile
from predictor.reading import ImageReader
from settings import WorkError
from storage.exhausted import FILES, MEMORY, what_ran_out
from tests.conftest import write_image


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (MemoryError(), MEMORY),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), MEMORY),
        (cv2.error("OpenCV(5.0) alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate 9 bytes"), MEMORY),
        (OSError("out of memory error when reading image file"), MEMORY),
        (OSError(errno.EMFILE, "Too many open files"), FILES),
        (OSError(errno.ENFILE, "Too many open files in system"), FILES),
        (OSError("image file is truncated"), ""),
        (FileNotFoundError(errno.ENOENT, "No such file"), ""),
    ],
)
def test_what_ran_out(error, what):
    assert what_ran_out(error) == what


@pytest.mark.parametrize("read", [read_image, read_raw_mask])
def test_images_and_masks_are_not_rejected_for_want_of_descriptors(read, tmp_path):
    write_image(tmp_path / "a.png")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))  # standard input, output and error are open
    try:
        with pytest.raises(OSError, match="Too many open files") as raised:
            read(tmp_path / "a.png")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert raised.value.errno == errno.EMFILE


@pytest.mark.parametrize("read", [read_image, read_raw_mask])
def test_images_and_masks_are_not_rejected_for_want_of_memory(read, tmp_path, monkeypatch):
    write_image(tmp_path / "a.png")

    def fail(*arguments: object, **options: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(MemoryError):
        read(tmp_path / "a.png")


def test_prediction_ends_and_names_the_image(tmp_path):
    write_image(tmp_path / "a.png")
    rejected = []

    def decode(content: bytes) -> None:
        raise cv2.error("(-4:Insufficient memory) Failed to allocate 9 bytes")

    reader = ImageReader([ImageFile(tmp_path / "a.png", "a.png")], lambda *row: rejected.append(row), workers=1)
    with pytest.raises(WorkError, match=r"Memory ran out, while a\.png was read\. Use fewer --workers"):
        list(reader.batches(decode, 1))
    assert not rejected


def test_a_damaged_image_is_rejected_as_before(tmp_path):
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    with pytest.raises(UnreadableImage):
        read_image(tmp_path / "a.png")
