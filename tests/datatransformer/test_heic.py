"""HEIC, the format of iPhones: read with pillow-heif, and named with the remedy without it."""

import io

import numpy as np
import pytest
from PIL import Image

from datatransformer.pictures import images
from datatransformer.pictures.heic import is_heic
from datatransformer.pictures.images import UnreadableImage, encode, read_image
from tests.conftest import make_data_folder, table

heif = pytest.importorskip("pillow_heif", reason="pillow-heif is not installed")


def scene(width: int = 64, height: int = 48) -> np.ndarray:
    """Smooth colours, which lossy coding hardly changes; the left upper corner is dark."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 255 // width, y * 255 // height, (x + y) * 255 // (width + height)], axis=-1).astype(np.uint8)


def heic_of(*pictures: np.ndarray, orientation: int = 1) -> bytes:
    file = heif.HeifFile()
    for picture in pictures:
        file.add_from_pillow(Image.fromarray(picture))
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = io.BytesIO()
    file.save(content, quality=95, exif=exif.tobytes())
    return content.getvalue()


def pixels(encoded: images.EncodedImage) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(encoded.content)).convert("RGB")).astype(int)


def test_the_pixels_are_those_of_the_picture():
    content = heic_of(scene())
    assert is_heic(content)
    encoded = encode(content)
    assert encoded.suffix == ".png" and encoded.remark == ""
    assert np.abs(pixels(encoded) - scene()).mean() < 3


def test_it_is_upright():
    """A telephone that was held upright stores the picture lying, with the orientation beside it."""
    encoded = encode(heic_of(scene(), orientation=6))
    assert np.abs(pixels(encoded) - np.rot90(scene(), -1)).mean() < 3


def test_further_pictures_in_the_file_are_said_and_can_be_taken():
    content = heic_of(scene(), 255 - scene())
    assert encode(content).remark == "only the first frame was taken (of 2)"
    assert np.abs(pixels(encode(content, frame=2)) - (255 - scene())).mean() < 3


def test_a_folder_of_them(tmp_path):
    for number in range(6):
        file = tmp_path / "raw" / "ab"[number % 2] / f"IMG_{number}.HEIC"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(heic_of(np.roll(scene(), 7 * number, axis=1)))
    (tmp_path / "raw" / "a" / "IMG_0.HEIC").write_bytes(heic_of(scene())[:600])
    data = make_data_folder(tmp_path / "data", raw_images=tmp_path / "raw")
    assert len(table(data / "manifest.csv")) == 5
    (rejected,) = table(data / "rejected.csv")
    assert rejected["source"].endswith("IMG_0.HEIC")


def test_without_the_package_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(images, "has_heic_reader", lambda: False)
    (tmp_path / "a.heic").write_bytes(heic_of(scene()))
    with pytest.raises(UnreadableImage, match=r"format HEIC, which needs a package: pip install .*heic"):
        read_image(tmp_path / "a.heic")
