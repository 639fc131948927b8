"""No package reports its use over the network."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

ASKED = ("RAY_USAGE_STATS_ENABLED", "HF_HUB_DISABLE_TELEMETRY", "NNCF_CI")


def output_of(program: str, **environment: str) -> str:
    clean = {name: value for name, value in os.environ.items() if name not in ASKED} | environment
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=clean, capture_output=True, text=True).stdout


@pytest.mark.parametrize("package", ["predictor", "training", "backbones", "datatransformer", "scenelab"])
def test_telemetry_is_off_before_a_package_is_imported(package):
    program = f"""
import json, os, {package}
import sys
try:
    import openvino_telemetry
except ImportError:
    print(json.dumps([[os.environ[name] for name in {ASKED!r}], "ray" in sys.modules or "nncf" in sys.modules]))
"""
    assert json.loads(output_of(program)) == [["0", "1", "1"], False]
    assert json.loads(output_of(program, RAY_USAGE_STATS_ENABLED="1"))[0] == ["1", "1", "1"], "the user's own choice"


@pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="openvino, an extra, is not installed")
def test_openvino_does_without_its_telemetry():
    program = "import predictor, openvino.tools.ovc.convert_impl as made; print(made.tm.__name__)"
    assert output_of(program).strip() == "openvino.tools.ovc.telemetry_stub"


@pytest.mark.skipif(importlib.util.find_spec("nncf") is None, reason="nncf, an extra, is not installed")
def test_nncf_does_without_its_telemetry():
    program = "import predictor, nncf.telemetry.wrapper as made; print(type(made.telemetry).__name__)"
    assert output_of(program).strip() == "MagicMock"


def test_hugging_face_is_told_nothing():
    program = "import backbones, huggingface_hub.constants as made; print(made.HF_HUB_DISABLE_TELEMETRY)"
    assert output_of(program).strip() == "True"
