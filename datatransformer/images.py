"""A file of any kind -> bytes that TensorFlow decodes, or the reason why nobody can.

Training data and the pictures to predict go through this one function, so a picture looks the same to both.
"""

import io
import os
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from datatransformer.jpeg_png_check import END_OF_PNG, OPEN_TO_LOOK, is_plain_jpeg, markers_in_order

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "JPEG2000", "PPM", "TGA")
"""What is tried; JPEG includes MPO, the several pictures in one file of some cameras. Pillow knows more formats,
among them such as start other programs."""

SUFFIXES = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png"}
KEPT_MODES = {"L", "RGB"}
ORIENTATION = 0x0112
JPEG_QUALITY = 95

warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # what is too large to open is an error of its own
Image.init()  # all formats are registered now, not by the first of many threads


class UnreadableImage(ValueError):
    """No picture can be had from this file; the text says why."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A picture as a file: JPEG or PNG, 8 bits, gray or RGB, upright. `original` if these are the file's own bytes."""

    content: bytes
    suffix: str
    original: bool = False


def read_image(path: str | Path) -> Encoded:
    """The picture in `path` as bytes that TensorFlow decodes: its own if it can be, else converted.

    Converted are other formats than JPEG and PNG, CMYK, palettes, 16 bits, transparency (onto white) and
    what its EXIF data say is to be turned. Every byte is decoded once, so what is cut off is found here.

    Raises UnreadableImage.
    """
    return encode(read_content(path))


def read_content(path: str | Path) -> bytes:
    """With as few calls of the system as can be, for thousands of files a second. Raises UnreadableImage."""
    try:
        file = os.open(path, OPEN_TO_LOOK)
        try:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableImage("not a file")
            return os.read(file, status.st_size)
        finally:
            os.close(file)
    except OSError as error:
        raise UnreadableImage(f"cannot be read: {error.strerror}") from error


def encode(content: bytes, decode_follows: bool = False) -> Encoded:
    """As `read_image`, of a file's bytes.

    Arguments:
        decode_follows: the caller decodes all of it at once, so a JPEG whose segments are in order is not decoded here.
            If that fails, this function tells why without it.
    """
    if not content:
        raise UnreadableImage("empty (0 bytes)")
    if not decode_follows and is_plain_jpeg(content):
        return Encoded(content, ".jpg", original=True)
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            return _encoded(image, content, decode_follows)
    except UnidentifiedImageError as error:
        raise UnreadableImage("not a picture of a known format") from error
    except Image.DecompressionBombError as error:
        raise UnreadableImage("too large: more than 178 million pixels") from error
    except UnreadableImage:
        raise
    except Exception as error:  # decoders raise of every kind
        raise UnreadableImage(f"damaged: {error}") from error


def _encoded(image: Image.Image, content: bytes, decode_follows: bool) -> Encoded:
    suffix = SUFFIXES.get(image.format)
    upright = image.getexif().get(ORIENTATION, 1) in (0, 1)
    if suffix and upright and image.mode in KEPT_MODES and "transparency" not in image.info:
        if decode_follows and suffix == ".jpg" and markers_in_order(content):
            return Encoded(content, suffix, original=True)
        image.draft(
            None, (max(1, image.width // 8), max(1, image.height // 8))
        )  # JPEG: an eighth of the size is decoded, all is read
        image.load()
        if _is_sound(content, suffix):
            return Encoded(content, suffix, original=True)
        image = Image.open(io.BytesIO(content))
    return _converted(image, suffix or ".png")


def _is_sound(content: bytes, suffix: str) -> bool:
    """Whether a file that Pillow could decode has none of the damage that Pillow overlooks and TensorFlow does not."""
    if suffix == ".jpg":
        return markers_in_order(content)
    if not content.endswith(END_OF_PNG):
        return False
    try:
        Image.open(io.BytesIO(content)).verify()  # the checksum of every part
    except (OSError, SyntaxError, ValueError):
        return False
    return True


def _converted(image: Image.Image, suffix: str) -> Encoded:
    picture = _rgb(ImageOps.exif_transpose(image))
    file = io.BytesIO()
    if suffix == ".jpg":
        picture.save(file, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    else:
        picture.save(file, "PNG", compress_level=1)
    return Encoded(file.getvalue(), suffix)


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        return image.point(lambda value: value / 257).convert("L").convert("RGB")
    if image.mode in ("I", "F"):
        raise UnreadableImage("32 bits a pixel have no known range of values; save it with 8 or 16 bits")
    if image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info:
        picture = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    return image.convert("RGB")
