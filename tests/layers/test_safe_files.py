"""Files of models from strangers: what leads out of them, runs code or claims huge sizes is refused with one line."""

import io
import json
import resource
import struct
import subprocess
import sys
import zipfile

import h5py
import keras
import numpy as np
import pytest

from backbones.build import load_weights
from layers.saved import load_saved_model
from settings import SettingError, WorkError


def small_model() -> keras.Model:
    image = keras.Input((4, 4, 1))
    return keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(image)))


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "model.keras"
    small_model().save(path)
    return path


def with_entries(path, changed: dict, compression=zipfile.ZIP_DEFLATED):
    """The file with some entries replaced or added."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()} | changed
    other = path.with_name("other.keras")
    with zipfile.ZipFile(other, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return other


def refused(path) -> str:
    with pytest.raises(WorkError) as error:
        load_saved_model(path)
    assert "\n" not in str(error.value) and str(path) in str(error.value)
    return str(error.value)


def weights_with(path, change) -> bytes:
    with zipfile.ZipFile(path) as archive:
        content = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(content, "r+") as file:
        change(file)
    return content.getvalue()


def test_our_own_files_are_read(saved):
    assert load_saved_model(saved).output_shape == (None, 2)


@pytest.mark.parametrize("name", ["../out.txt", "/tmp/out.txt", "assets/../../out.txt", "..\\out.txt"])
def test_paths_out_of_the_archive(saved, name):
    assert "leads out of its folder" in refused(with_entries(saved, {name: b"x"}))


def test_bombs_are_refused_before_they_are_unpacked(saved):
    for name in ("model.weights.h5", "config.json", "assets/more"):
        bomb = with_entries(saved, {name: bytes(300 * 2**20)})
        assert bomb.stat().st_size < 2**20
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert "would take 314,572,800 bytes" in refused(bomb) and "MAX_GROWTH" in refused(bomb)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000, "kB"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda file: file.__setitem__("x", h5py.ExternalLink("/etc/passwd", "/")), "may lead to another file"),
        (lambda file: file.__setitem__("x", h5py.SoftLink("/layers")), "may lead to another file"),
        (lambda file: file.create_dataset("x", (4,), "u1", external=[("/etc/passwd", 0, 4)]), "in another file"),
        (
            lambda file: file.create_virtual_dataset("x", _virtual()),
            "in another file",
        ),
        (lambda file: file.create_dataset("x", (2**40,), "u1", chunks=(2**20,)), "would take 1,099,511,"),
    ],
    ids=["external link", "soft link", "external values", "virtual", "size"],
)
def test_hdf5_that_leads_elsewhere(saved, tmp_path, change, said):
    content = weights_with(saved, change)
    assert said in refused(with_entries(saved, {"model.weights.h5": content}))
    alone = tmp_path / "alone.weights.h5"
    alone.write_bytes(content)
    with pytest.raises(SettingError, match=said):
        load_weights(alone, [small_model()])


def _virtual():
    layout = h5py.VirtualLayout((4,), "u1")
    layout[:] = h5py.VirtualSource("/tmp/other.h5", "x", (4,))
    return layout


@pytest.mark.parametrize(
    ("module", "name", "config"),
    [
        ("keras.layers", "Lambda", {"function": {"class_name": "__lambda__", "config": {"code": "4wEAAAA="}}}),
        ("os", "system", {"command": "touch /tmp/hacked"}),
        ("subprocess", "Popen", {"args": "true"}),
        ("builtins", "eval", {"source": "1"}),
        ("keras.src.utils.file_utils", "get_file", {"origin": "file:///etc/passwd"}),
    ],
)
def test_code_in_a_model(saved, module, name, config):
    with zipfile.ZipFile(saved) as archive:
        model = json.loads(archive.read("config.json"))
    model["config"]["layers"][1] |= {"module": module, "class_name": name, "config": config, "registered_name": None}
    refused(with_entries(saved, {"config.json": json.dumps(model)}))


@pytest.mark.parametrize("content", [b"[" * 100_000, b"{", b"\xff\xfe", b"9" * 5000, b"null", b"[]"])
def test_damaged_configuration(saved, content):
    refused(with_entries(saved, {"config.json": content}))


def npz_that_claims(path, shape: str, dtype: str = "<f4"):
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + b"\0" * 64
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("conv1_w.npy", content)
    return path


def test_arrays_that_claim_more_than_there_is(tmp_path):
    model = small_model()
    for path in (
        npz_that_claims(tmp_path / "a.npz", "(2500000000000,)"),
        npz_that_claims(tmp_path / "b.npz", "(4,)", "|O"),
    ):
        with pytest.raises(SettingError, match=r"is not a file of arrays: .conv1_w\.npy. in it claims"):
            load_weights(path, [model])
    np.savez(tmp_path / "c.npz", conv1_w=np.zeros(3))
    with pytest.raises(SettingError, match="is from another network"):
        load_weights(tmp_path / "c.npz", [model])


def test_pixels_are_counted_before_they_are_decoded(tmp_path):
    """Files of a few kB that claim 50,000 x 50,000 pixels, each in a process of its own for its peak of memory."""
    program = """
import resource, sys
from pathlib import Path
from datatransformer.pictures.images import UnreadableImage, read_image, encode
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read_image(sys.argv[1])
except UnreadableImage as error:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, error)
"""
    side = struct.pack(">II", 50_000, 50_000)
    import zlib

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    for depth, colour in ((8, 2), (16, 2), (16, 0), (1, 0)):
        rows = zlib.compress(bytes(1_000_000))
        png = (
            b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", side + bytes((depth, colour, 0, 0, 0)))
            + chunk(b"IDAT", rows)
            + chunk(b"IEND", b"")
        )
        (tmp_path / f"{depth}-{colour}.png").write_bytes(png)
    tags = [
        (256, 4, 50_000),
        (257, 4, 50_000),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (277, 3, 1),
        (278, 4, 50_000),
        (279, 4, 100),
    ]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    (tmp_path / "a.tif").write_bytes(b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(104))
    (tmp_path / "a.gif").write_bytes(
        b"GIF89a"
        + struct.pack("<HH", 50_000, 50_000)
        + b"\0\0\0,"
        + struct.pack("<HHHH", 0, 0, 50_000, 50_000)
        + b"\0\x02\x02D\x01\0;"
    )
    for path in sorted(tmp_path.iterdir()):
        done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
        grown, _, reason = done.stdout.partition(" ")
        assert "too large" in reason and "178 million" in reason, (path.name, reason)
        assert int(grown) < 100_000, f"{path.name}: kB"
