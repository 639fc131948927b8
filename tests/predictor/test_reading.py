"""Pictures are read once, in order, beside the work; damage is found and told as DataTransformer finds it."""

import random
import threading
import time
from functools import partial

import cv2
import numpy as np
import pytest

from datatransformer import images
from datatransformer.images import UnreadableImage, encode
from pipeline.decode import decode_and_resize
from predictor.labels.tta import views
from predictor.pictures import ImageFile
from predictor.reading import ImageReader, computed, decoder


def jpeg(seed: int = 0, *flags: int) -> bytes:
    picture = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), np.uint8)
    return cv2.imencode(".jpg", cv2.resize(picture, (160, 120), interpolation=cv2.INTER_CUBIC), flags)[1].tobytes()


def damaged(content: bytes, rng: random.Random) -> bytes:
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


def test_a_damaged_file_is_as_if_it_were_decoded_twice(tmp_path):
    """The short way, on which only TensorFlow decodes a JPEG, against the long one: same pixels or same reason."""
    decode, rng = decoder(partial(decode_and_resize, size=(32, 32))), random.Random(0)
    whole = [jpeg(), jpeg(1, cv2.IMWRITE_JPEG_PROGRESSIVE, 1), jpeg(2, cv2.IMWRITE_JPEG_RST_INTERVAL, 4)]
    listed, expected, reasons, found, told = [], {}, {}, {}, {}
    for number in range(300):
        path = tmp_path / f"{number:03d}.jpg"
        path.write_bytes(damaged(rng.choice(whole), rng))
        listed.append(ImageFile(path, path.name))
        try:
            expected[path.name] = decode(encode(path.read_bytes()).content).numpy()
        except UnreadableImage as error:
            reasons[path.name] = str(error)
    for batch in ImageReader(listed, told.__setitem__).batches(lambda content: decode(content).numpy(), 7):
        found |= {one.name: one.decoded for one in batch}
    assert told == reasons and 30 < len(reasons) < 270
    assert list(found) == list(expected)
    for name, pixels in expected.items():
        np.testing.assert_array_equal(found[name], pixels)


def test_a_good_jpeg_is_decoded_once(tmp_path, monkeypatch):
    (tmp_path / "a.jpg").write_bytes(jpeg())
    monkeypatch.setattr(images.Image.Image, "load", lambda self: pytest.fail("decoded by Pillow"))
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda self: pytest.fail("decoded by Pillow"))
    reading = ImageReader([ImageFile(tmp_path / "a.jpg", "a.jpg")], pytest.fail)
    ((one,),) = reading.batches(decoder(partial(decode_and_resize, size=(8, 8))), 4)
    assert one.decoded.shape == (8, 8, 3)


def test_batches_are_computed_side_by_side_in_order_and_few_are_read_ahead(tmp_path):
    (tmp_path / "a.jpg").write_bytes(jpeg())
    listed, inside, most = 0, 0, 0
    lock = threading.Lock()

    def pictures():
        nonlocal listed
        for listed in range(400):
            yield ImageFile(tmp_path / "a.jpg", str(listed))

    def compute(batch):
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        time.sleep(0.005 if int(batch[0].name) % 8 else 0.02)
        with lock:
            inside -= 1
        return [one.name for one in batch]

    batches = ImageReader(pictures(), pytest.fail, workers=2).batches(len, 4, ahead=3)
    stream = computed(compute, batches, 3)
    names = next(stream)
    assert listed < 4 * (3 * 2 + 1) + 2 * 3 + 1, "three are computed, three wait, six pictures are open"
    for batch in stream:
        names += batch
    assert names == [str(number) for number in range(400)]
    assert most == 3


@pytest.mark.parametrize("tta", ["none", "flip", "ten-crop", "multi-scale"])
def test_views_of_a_large_jpeg_at_reduced_scale_are_those_of_the_whole(tta):
    """What is decoded at a half or a quarter of the size differs by little from what is averaged afterwards."""
    smooth = cv2.resize(cv2.imdecode(np.frombuffer(jpeg(), np.uint8), 1), (1600, 1200), interpolation=cv2.INTER_CUBIC)
    large = cv2.imencode(".jpg", smooth, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    lossless = cv2.imencode(".png", cv2.imdecode(np.frombuffer(large, np.uint8), 1))[1].tobytes()
    reduced, whole = (views(content, (96, 96), tta).numpy().astype(int) for content in (large, lossless))
    assert reduced.shape == whole.shape and np.abs(reduced - whole).mean() < 1
