"""Converts an image file of any format into bytes that TensorFlow decodes, or gives the reason why it cannot.

Images for training and for prediction are read by the same function, so that a model sees the same pixels.
"""

import contextlib
import io
import os
import stat
import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from datatransformer.pictures.band_reading import Bands, UnreadableBands, read_bands
from datatransformer.pictures.eight_bits import file_of, scale_bands, to_rgb
from datatransformer.pictures.heic import has_heic_reader, is_heic
from datatransformer.pictures.jpeg_png_check import (
    END_OF_PNG,
    OPEN_FLAGS,
    is_standard_jpeg,
    markers_in_order,
)
from datatransformer.pictures.pixel_limit import too_large_for_pillow, why_too_large
from datatransformer.pictures.pixel_range import PixelRange
from datatransformer.pictures.png_rows import check_rows
from datatransformer.pictures.tiff_tags import read_pages
from storage.exhausted import raise_if_ran_out

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "JPEG2000", "PPM", "TGA")
"""The formats that are read. JPEG includes MPO, several images in one file, which some cameras write. Other formats
of Pillow are left out, because some of them start external programs."""

SUFFIXES = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png"}
KEPT_MODES = {"L", "RGB"}
ORIENTATION = 0x0112

FIRST_FRAME = "only the first frame was taken"
"""A remark, as those of `eight_bits`."""

warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # images that are too large raise an error here
Image.init()  # registers all formats now, before there are threads


START_OF_PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


class UnreadableImage(ValueError):
    """A file that cannot be read as an image. The text is the reason."""


class TooManyPixels(UnreadableImage):
    """An image with more pixels than `encode` reads. Only tiles of it can be predicted."""


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """The bytes of a JPEG or PNG file: 8 bits, gray or RGB, upright.

    Attributes:
        original: they are those of the raw file.
        remark: how the picture was changed beyond its encoding: what was left out, scaled or made white; or empty.
        bands: the values, if they have more than 8 bits and were scaled by the range of this picture alone, since no
            other was known.
    """

    content: bytes
    suffix: str
    original: bool = False
    remark: str = ""
    bands: Bands | None = None


def read_image(path: str | Path, pixel_range: PixelRange | None = None, frame: int = 0) -> EncodedImage:
    """The image as bytes that TensorFlow decodes: the file's own bytes where possible, otherwise converted.

    Images are converted if they are not JPEG or PNG, or have CMYK colours, a palette, more than 8 bits, transparency
    (which becomes white) or an EXIF orientation. Every byte is decoded once, so that truncated files are noticed.

    Arguments:
        pixel_range: the values that become black and white in pictures of more than 8 bits. None: those of the picture.
        frame: the number of the page or frame from 1. 0: the first, with a remark if there are others.

    Raises UnreadableImage.
    """
    return encode(read_content(path), pixel_range=pixel_range, frame=frame)


def read_content(path: str | Path) -> bytes:
    """The bytes of a file, with few system calls, for thousands of files per second. Raises UnreadableImage."""
    try:
        file = os.open(path, OPEN_FLAGS)
        try:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableImage("not a file")
            return os.read(file, status.st_size)
        finally:
            os.close(file)
    except OSError as error:
        raise_if_ran_out(error)
        raise UnreadableImage(f"cannot be read: {error.strerror}") from error


def encode(
    content: bytes,
    decode_follows: bool = False,
    pixel_range: PixelRange | None = None,
    frame: int = 0,
    max_pixels: int | None = None,
) -> EncodedImage:
    """As `read_image`, for the bytes of a file.

    Arguments:
        decode_follows: the caller decodes the result at once, so a JPEG with segments in order is not decoded here.
            If the caller fails, this function without `decode_follows` gives the reason.
        max_pixels: None: the limit of the process.
    """
    if not content:
        raise UnreadableImage("empty (0 bytes)")
    if not decode_follows and frame == 0 and max_pixels is None and is_standard_jpeg(content):
        return EncodedImage(content, ".jpg", original=True)
    with _reasons(), _open(content, frame, max_pixels) as opened:
        if isinstance(opened, Bands):
            return _encoded_bands(opened, pixel_range, _frame_remark(content, frame))
        return _encoded(opened, content, decode_follows, frame)


def read_pixels(content: bytes, pixel_range: PixelRange | None, max_pixels: int) -> tuple[np.ndarray, str]:
    """RGB uint8 (height, width, 3) of a file of up to `max_pixels`, and the remark. Raises UnreadableImage.

    While it works, other threads may open images of that size too.
    """
    usual, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, max_pixels // 2 + 1  # Pillow's error: from twice as many
    try:
        with _reasons(), _open(content, 0, max_pixels) as opened:
            if isinstance(opened, Bands):
                image, remarks, _ = scale_bands(opened, pixel_range)
            else:
                image, remarks = to_rgb(ImageOps.exif_transpose(opened), content)
            return np.asarray(image.convert("RGB")), "; ".join([*_frame_remark(content, 0), *remarks])
    finally:
        Image.MAX_IMAGE_PIXELS = usual


@contextlib.contextmanager
def open_image(content: bytes) -> Iterator[Image.Image | Bands]:
    """The opened image, whose frames can be counted. Raises UnreadableImage."""
    with _reasons(), _open(content, 0, None) as opened:
        yield opened


@contextlib.contextmanager
def _open(content: bytes, frame: int, max_pixels: int | None) -> Iterator[Image.Image | Bands]:
    """The opened image, or its bands if Pillow would lose some of them."""
    if is_heic(content) and not has_heic_reader():
        raise UnreadableImage("is in the format HEIC, which needs a package: pip install 'scenelab[heic]'")
    for page in read_pages(content):
        _check_size(page.width, page.height, max_pixels)
    if content.startswith(START_OF_PNG) and len(content) >= 24:  # its first chunk begins with width and height
        width, height = struct.unpack_from(">II", content, 16)
        _check_size(width, height, max_pixels)
        check_rows(content)
    if (bands := read_bands(content, max(1, frame))) is not None:
        yield bands
        return
    with Image.open(io.BytesIO(content), formats=("HEIF",) if is_heic(content) else FORMATS) as image:
        _check_size(*image.size, max_pixels)
        if frame > 1:
            image.seek(frame - 1)
        yield image


def _check_size(width: int, height: int, max_pixels: int | None) -> None:
    if reason := why_too_large(width, height, max_pixels):
        raise TooManyPixels(reason)


@contextlib.contextmanager
def _reasons() -> Iterator[None]:
    """Turns the errors of decoders into UnreadableImage."""
    try:
        yield
    except UnidentifiedImageError as error:
        raise UnreadableImage("not an image of a known format") from error
    except Image.DecompressionBombError as error:
        raise TooManyPixels(too_large_for_pillow(str(error))) from error
    except UnreadableImage:
        raise
    except UnreadableBands as error:
        raise UnreadableImage(str(error)) from error
    except Exception as error:  # decoders raise exceptions of all kinds
        raise_if_ran_out(error)
        raise UnreadableImage(f"damaged: {error}") from error


def _encoded(image: Image.Image, content: bytes, decode_follows: bool, frame: int) -> EncodedImage:
    suffix = SUFFIXES.get(image.format or "")
    frames = _frame_remark(content, frame, image)
    upright = image.getexif().get(ORIENTATION, 1) in (0, 1)
    if suffix and upright and image.mode in KEPT_MODES and "transparency" not in image.info and frame <= 1:
        if decode_follows and suffix == ".jpg" and markers_in_order(content):
            return EncodedImage(content, suffix, original=True, remark="; ".join(frames))
        image.draft(None, (max(1, image.width // 8), max(1, image.height // 8)))  # JPEG: reads all, decodes an eighth
        image.load()
        if _is_sound(content, suffix):
            return EncodedImage(content, suffix, original=True, remark="; ".join(frames))
        image = Image.open(io.BytesIO(content))
    rgb, remarks = to_rgb(ImageOps.exif_transpose(image), content)
    return EncodedImage(file_of(rgb, suffix or ".png"), suffix or ".png", remark="; ".join([*frames, *remarks]))


def _is_sound(content: bytes, suffix: str) -> bool:
    """Whether a file that Pillow could decode is free of damage that only TensorFlow notices."""
    if suffix == ".jpg":
        return markers_in_order(content)
    if not content.endswith(END_OF_PNG):
        return False
    try:
        Image.open(io.BytesIO(content)).verify()  # the checksum of every chunk
    except (OSError, SyntaxError, ValueError) as error:
        raise_if_ran_out(error)
        return False
    return True


def _frame_remark(content: bytes, frame: int, image: Image.Image | None = None) -> list[str]:
    """A remark on the frames that are left out, if there are any."""
    if frame:
        return []
    count = getattr(image, "n_frames", 1) if image else len(read_pages(content))
    return [f"{FIRST_FRAME} (of {count})"] if count > 1 else []


def scale(encoded: EncodedImage, pixel_range: PixelRange) -> EncodedImage:
    """A picture that was scaled by its own range, scaled by another one."""
    if encoded.bands is None:
        return encoded
    frames = [part for part in encoded.remark.split("; ") if part.startswith(FIRST_FRAME)]
    return _encoded_bands(encoded.bands, pixel_range, frames)


def _encoded_bands(bands: Bands, pixel_range: PixelRange | None, frames: list[str]) -> EncodedImage:
    image, remarks, is_scaled_alone = scale_bands(bands, pixel_range)
    encoded = EncodedImage(file_of(image, ".png"), ".png", remark="; ".join([*frames, *remarks]))
    return replace(encoded, bands=bands) if is_scaled_alone else encoded
