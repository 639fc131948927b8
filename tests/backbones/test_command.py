"""`python -m backbones`: the list, and folders of weights that are checked before they are loaded."""

import json
import shlex

import pytest

from backbones import backbones
from backbones.__main__ import main
from backbones.fetched import MANIFEST, check_fetched
from config import BackbonesConfig, ClassifierConfig
from settings import SettingError
from tests.backbones import presets
from tests.conftest import run, settings_of
from training.setting_checks import initial_weights


def command(*words: object) -> dict:
    return dict(main(settings_of(BackbonesConfig, *words)))


def test_the_list_names_all_backbones_without_tensorflow():
    done = run("backbones", "list", "--json")
    assert done.code == 0, done.err
    listed = {entry["name"]: entry for entry in json.loads(done.out)["backbones"]}
    assert listed.keys() == backbones().keys()
    assert listed["resnet50"]["weights"] == "downloaded by Keras" and listed["small"]["weights"] == "none"
    assert listed["efficientnet_lite0"]["weights"] == "installed by pip"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("fetch",), "backbone is not set.*\nto is not set"),
        (("fetch", "resnet34", "--to", "x"), "has no ImageNet weights"),
        (("fetch", "nothing", "--to", "x"), "should be one of"),
        (("list", "--to", "x"), "has no effect with list"),
    ],
)
def test_wrong_words_are_refused(words, message):
    with pytest.raises(SettingError, match=message):
        command(*words)


def test_weights_of_a_package_become_a_folder_that_weights_takes(tmp_path):
    target = tmp_path / "lite0"
    assert command("fetch", "efficientnet_lite0", "--to", target)["is_new"]
    assert not command("fetch", "efficientnet_lite0", "--to", target)["is_new"]
    file = target / "efficientnet_lite0.weights.h5"
    assert {path.name for path in target.iterdir()} == {file.name, MANIFEST}
    settings = settings_of(ClassifierConfig, "--weights", target)
    assert initial_weights(backbones()["efficientnet_lite0"], settings) == str(file.resolve())

    with pytest.raises(SettingError, match="exists, with the weights of efficientnet_lite0"):
        command("fetch", "efficientnet_lite1", "--to", target)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(SettingError, match=r"efficientnet_lite0\.weights\.h5.*is damaged.*fetch it again"):
        initial_weights(backbones()["efficientnet_lite0"], settings)


def test_a_preset_is_copied_with_its_files(tmp_path):
    preset = presets.save_preset(tmp_path / "vit", presets.vit(), image_size=(32, 32))
    target = tmp_path / "copy"
    manifest = command("fetch", preset, "--to", target)
    assert set(manifest["files"]) == {path.name for path in preset.iterdir()}
    assert check_fetched(target, "preset") == target
    (target / "model.weights.h5").unlink()
    with pytest.raises(SettingError, match=r"model\.weights\.h5.*is missing"):
        check_fetched(target, "preset")


@pytest.mark.parametrize("name", ["{", "{0} {x}"])
def test_the_path_in_a_message_may_have_any_signs(name, tmp_path):
    (folder := tmp_path / name).mkdir()
    (folder / MANIFEST).write_text("{")
    with pytest.raises(SettingError, match="is damaged; fetch it again: remove ") as damaged:
        check_fetched(folder, "weights")
    entry = {"sha256": "0", "size": 1}
    manifest = {"name": "a", "source": "my {} preset", "files": {"a.weights.h5": entry}}
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(SettingError, match="is missing; fetch it again: remove ") as missing:
        check_fetched(folder, "weights")
    target = shlex.quote(str(folder))
    assert str(damaged.value).endswith(f"remove {folder}, then python -m backbones fetch NAME --to {target}")
    assert str(missing.value).endswith(f"backbones fetch 'my {{}} preset' --to {target}")


def test_other_folders_stay_as_they_are(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(SettingError, match="exists, with other files"):
        command("fetch", "efficientnet_lite0", "--to", tmp_path)
    assert check_fetched(tmp_path, "weights") == tmp_path


def test_an_interrupted_fetch_leaves_nothing_that_is_in_the_way(tmp_path):
    partial, dead = tmp_path / "lite0.partial", tmp_path / ".0123456789abcdef.work"
    partial.mkdir()
    (partial / "notes.txt").write_text("mine")
    (dead / "lite0").mkdir(parents=True)
    (dead / "lite0" / "half.h5").write_bytes(b"half")
    (dead / ".held").touch()
    assert command("fetch", "efficientnet_lite0", "--to", tmp_path / "lite0")["is_new"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lite0", "lite0.partial"]
    assert (partial / "notes.txt").read_text() == "mine"
