"""Images are read once, in order and ahead of the computation; damaged files get the reasons of DataTransformer."""

import random
import threading
from functools import partial

import cv2
import numpy as np
import pytest

from datatransformer.pictures import images
from datatransformer.pictures.images import UnreadableImage, encode
from pipeline.decode import decode_and_resize
from predictor.images import ImageFile
from predictor.labels.tta import views
from predictor.reading import ImageReader, compute_batches, decoder
from tests.conftest import noise


def jpeg(seed: int = 0, *flags: int) -> bytes:
    image = cv2.resize(noise(12, 16, 3, seed=seed), (160, 120), interpolation=cv2.INTER_CUBIC)
    return cv2.imencode(".jpg", image, flags)[1].tobytes()


def damage(content: bytes, rng: random.Random) -> bytes:
    content, place = bytearray(content), rng.randrange(len(content))
    how = rng.choice(["flip", "head", "cut", "zero", "insert", "drop", "tail"])
    if how == "flip":
        content[place] ^= 1 << rng.randrange(8)
    elif how == "head":
        content[rng.randrange(600)] = rng.randrange(256)
    elif how == "cut":
        del content[place:]
    elif how == "zero":
        content[place : place + 200] = bytes(len(content[place : place + 200]))
    elif how == "insert":
        content[place:place] = rng.randbytes(20)
    elif how == "drop":
        del content[place : place + 100]
    else:
        content += rng.randbytes(20)
    return bytes(content)


def test_a_damaged_file_has_the_same_pixels_or_reason_as_after_a_complete_check(tmp_path):
    """The reader lets TensorFlow alone decode a JPEG; the complete check decodes it with Pillow too."""
    decode, rng = decoder(partial(decode_and_resize, size=(32, 32))), random.Random(0)
    intact = [jpeg(), jpeg(1, cv2.IMWRITE_JPEG_PROGRESSIVE, 1), jpeg(2, cv2.IMWRITE_JPEG_RST_INTERVAL, 4)]
    files, expected, expected_reasons, decoded, reasons = [], {}, {}, {}, {}
    for number in range(300):
        path = tmp_path / f"{number:03d}.jpg"
        path.write_bytes(damage(rng.choice(intact), rng))
        files.append(ImageFile(path, path.name))
        try:
            expected[path.name] = decode(encode(path.read_bytes()).content).numpy()
        except UnreadableImage as error:
            expected_reasons[path.name] = str(error)
    for batch in ImageReader(files, reasons.__setitem__).batches(lambda content: decode(content).numpy(), 7):
        decoded |= {image.name: image.decoded for image in batch}
    assert reasons == expected_reasons and 30 < len(reasons) < 270
    assert list(decoded) == list(expected)
    for name, pixels in expected.items():
        np.testing.assert_array_equal(decoded[name], pixels)


def test_an_intact_jpeg_is_decoded_once(tmp_path, monkeypatch):
    (tmp_path / "a.jpg").write_bytes(jpeg())
    monkeypatch.setattr(images.Image.Image, "load", lambda self: pytest.fail("decoded by Pillow"))
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda self: pytest.fail("decoded by Pillow"))
    reader = ImageReader([ImageFile(tmp_path / "a.jpg", "a.jpg")], pytest.fail)
    ((image,),) = reader.batches(decoder(partial(decode_and_resize, size=(8, 8))), 4)
    assert image.decoded.shape == (8, 8, 3)


def test_batches_are_computed_in_parallel_and_in_order_and_few_images_are_read_ahead(tmp_path):
    (tmp_path / "a.jpg").write_bytes(jpeg())
    listed = 0
    together = threading.Barrier(3, timeout=60)  # breaks unless three batches are computed at the same time

    def files():
        nonlocal listed
        for listed in range(396):  # 99 batches, so that three are left at the end
            yield ImageFile(tmp_path / "a.jpg", str(listed))

    def compute(batch):
        together.wait()
        return [image.name for image in batch]

    batches = ImageReader(files(), pytest.fail, workers=2).batches(len, 4, open_per_worker=3)
    results = compute_batches(compute, batches, 3)
    names = next(results)
    assert listed < 4 * (3 * 2 + 1) + 2 * 3 + 1, "three batches are computed, three wait, and six images are open"
    for batch in results:
        names += batch
    assert names == [str(number) for number in range(396)]


@pytest.mark.parametrize("tta", ["none", "flip", "ten-crop", "multi-scale"])
def test_views_of_a_large_jpeg_that_is_decoded_at_a_reduced_scale(tta):
    """A JPEG that is decoded at a half or a quarter of its size differs little from one that is averaged afterwards."""
    smooth = cv2.resize(cv2.imdecode(np.frombuffer(jpeg(), np.uint8), 1), (1600, 1200), interpolation=cv2.INTER_CUBIC)
    large = cv2.imencode(".jpg", smooth, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    lossless = cv2.imencode(".png", cv2.imdecode(np.frombuffer(large, np.uint8), 1))[1].tobytes()
    reduced, full = (views(content, (96, 96), tta).numpy().astype(int) for content in (large, lossless))
    assert reduced.shape == full.shape and np.abs(reduced - full).mean() < 1
