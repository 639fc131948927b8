"""Every way in which a download fails ends in a message that says what to do."""

import errno

import huggingface_hub
import kagglehub
import pytest

from backbones.downloads import local_preset, translated_errors, warn_of_unwritable_keras_home
from settings import SettingError, WorkError


def named(name: str, base: type[Exception] = Exception) -> type[Exception]:
    """An error of a class of this name, as the packages raise it."""
    return type(name, (base,), {})


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Exception("URL fetch failure on https://x/w.h5: None -- Name or service not known"), "efficientnet_lite"),
        (Exception("URL fetch failure on https://x/w.h5: 404 -- Not Found"), "does not exist"),
        (ValueError("Incomplete or corrupted file detected."), "KERAS_HOME"),
        (named("GatedRepoError", OSError)("403 Client Error"), "HF_TOKEN"),
        (named("RepositoryNotFoundError", OSError)("401 Client Error"), "does not exist, or needs a login"),
        (named("OfflineModeIsEnabled", ConnectionError)("offline"), "HF_HUB_OFFLINE is set"),
        (named("ProxyError", OSError)("403 tunnel"), "HF_TOKEN|HTTPS_PROXY"),
        (ConnectionError("refused"), "HTTPS_PROXY"),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full"),
        (PermissionError(errno.EACCES, "Permission denied"), "cache cannot be written: set KERAS_HOME, HF_HOME"),
        (named("HFValidationError", ValueError)("bad"), "is no address of a preset"),
        (ImportError("no", name="kagglehub"), "pip install kagglehub"),
    ],
)
def test_each_failure_is_explained(error, words):
    with pytest.raises(WorkError, match=words), translated_errors("hf://owner/name"):
        raise error


def test_an_error_of_the_program_stays():
    with pytest.raises(ZeroDivisionError), translated_errors("hf://owner/name"):
        raise ZeroDivisionError


def test_addresses(tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda handle, allow_patterns: str(tmp_path / handle))
    monkeypatch.setattr(kagglehub, "model_download", lambda handle: str(tmp_path / handle))
    assert local_preset("hf://owner/name", "preset") == tmp_path / "owner" / "name"
    assert local_preset("kaggle://a/b/keras/c", "preset") == tmp_path / "a/b/keras/c"
    assert local_preset(str(tmp_path), "preset") == tmp_path.resolve()
    for name in ("s3://bucket", str(tmp_path / "missing")):
        with pytest.raises(SettingError, match="should be a folder, hf://OWNER/NAME"):
            local_preset(name, "preset")


def test_a_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch, caplog):
    caplog.set_level("INFO", "scenelab")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "new"))
    warn_of_unwritable_keras_home()
    assert not caplog.messages
    file = tmp_path / "file"
    file.write_text("")
    monkeypatch.setenv("KERAS_HOME", str(file / "home"))
    warn_of_unwritable_keras_home()
    assert f"KERAS_HOME {file / 'home'} cannot be written" in caplog.messages[0]
