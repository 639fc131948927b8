"""Converts an image file of any format into bytes that TensorFlow decodes, or gives the reason why it cannot.

Images for training and for prediction are read by the same function, so that a model sees the same pixels.
"""

import io
import os
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from datatransformer.jpeg_png_check import END_OF_PNG, OPEN_FLAGS, is_standard_jpeg, markers_in_order

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "JPEG2000", "PPM", "TGA")
"""The formats that are read. JPEG includes MPO, several images in one file, which some cameras write. Other formats
of Pillow are left out, because some of them start external programs."""

SUFFIXES = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png"}
KEPT_MODES = {"L", "RGB"}
ORIENTATION = 0x0112
JPEG_QUALITY = 95

warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # images that are too large raise an error here
Image.init()  # registers all formats now, before there are threads


class UnreadableImage(ValueError):
    """A file that cannot be read as an image. The text is the reason."""


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """The bytes of a JPEG or PNG file: 8 bits, gray or RGB, upright. `original`: they are those of the raw file."""

    content: bytes
    suffix: str
    original: bool = False


def read_image(path: str | Path) -> EncodedImage:
    """The image as bytes that TensorFlow decodes: the file's own bytes where possible, otherwise converted.

    Images are converted if they are not JPEG or PNG, or have CMYK colours, a palette, 16 bits, transparency (which
    becomes white) or an EXIF orientation. Every byte is decoded once, so that truncated files are noticed.

    Raises UnreadableImage.
    """
    return encode(read_content(path))


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
        raise UnreadableImage(f"cannot be read: {error.strerror}") from error


def encode(content: bytes, decode_follows: bool = False) -> EncodedImage:
    """As `read_image`, for the bytes of a file.

    Arguments:
        decode_follows: the caller decodes the result at once, so a JPEG with segments in order is not decoded here.
            If the caller fails, this function without `decode_follows` gives the reason.
    """
    if not content:
        raise UnreadableImage("empty (0 bytes)")
    if not decode_follows and is_standard_jpeg(content):
        return EncodedImage(content, ".jpg", original=True)
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            return _encoded(image, content, decode_follows)
    except UnidentifiedImageError as error:
        raise UnreadableImage("not an image of a known format") from error
    except Image.DecompressionBombError as error:
        raise UnreadableImage("too large: more than 178 million pixels") from error
    except UnreadableImage:
        raise
    except Exception as error:  # decoders raise exceptions of all kinds
        raise UnreadableImage(f"damaged: {error}") from error


def _encoded(image: Image.Image, content: bytes, decode_follows: bool) -> EncodedImage:
    suffix = SUFFIXES.get(image.format or "")
    upright = image.getexif().get(ORIENTATION, 1) in (0, 1)
    if suffix and upright and image.mode in KEPT_MODES and "transparency" not in image.info:
        if decode_follows and suffix == ".jpg" and markers_in_order(content):
            return EncodedImage(content, suffix, original=True)
        image.draft(None, (max(1, image.width // 8), max(1, image.height // 8)))  # JPEG: reads all, decodes an eighth
        image.load()
        if _is_sound(content, suffix):
            return EncodedImage(content, suffix, original=True)
        image = Image.open(io.BytesIO(content))
    return _converted(image, suffix or ".png")


def _is_sound(content: bytes, suffix: str) -> bool:
    """Whether a file that Pillow could decode is free of damage that only TensorFlow notices."""
    if suffix == ".jpg":
        return markers_in_order(content)
    if not content.endswith(END_OF_PNG):
        return False
    try:
        Image.open(io.BytesIO(content)).verify()  # the checksum of every chunk
    except (OSError, SyntaxError, ValueError):
        return False
    return True


def _converted(image: Image.Image, suffix: str) -> EncodedImage:
    rgb = _rgb(ImageOps.exif_transpose(image))
    file = io.BytesIO()
    if suffix == ".jpg":
        rgb.save(file, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    else:
        rgb.save(file, "PNG", compress_level=1)
    return EncodedImage(file.getvalue(), suffix)


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        return image.point(lambda value: value / 257).convert("L").convert("RGB")
    if image.mode in ("I", "F"):
        raise UnreadableImage("has 32 bits per pixel, whose range of values is unknown; save it with 8 or 16 bits")
    if image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")
