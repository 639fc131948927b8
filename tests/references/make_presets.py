"""Writes small vision transformers of transformers with random weights, and their features by PyTorch.

Run as the README of this folder tells. `tests/backbones/test_presets.py` compares the features of SceneLab with them.
"""

import json
import sys

import numpy as np

# before torch, which imports torchvision
from torch_side import define_operators_of_torchvision  # isort: skip

define_operators_of_torchvision()

import torch  # noqa: E402
from transformers import (  # noqa: E402
    DeiTConfig,
    DeiTForImageClassification,
    Dinov2Config,
    Dinov2Model,
    ViTConfig,
    ViTForImageClassification,
)
from weights import FOLDER  # noqa: E402

SIZES = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 32, "patch_size": 8}
MEAN, DEVIATION = [0.5, 0.4, 0.3], [0.5, 0.25, 0.2]
PREPARATION = {"image_mean": MEAN, "image_std": DEVIATION, "size": {"height": 32, "width": 32}}


def main() -> None:
    torch.manual_seed(0)
    models = {
        "vit": ViTForImageClassification(ViTConfig(**SIZES, intermediate_size=16)),
        "deit": DeiTForImageClassification(DeiTConfig(**SIZES, intermediate_size=16)),
        "dinov2": Dinov2Model(Dinov2Config(**SIZES, mlp_ratio=2)),
    }
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    inputs = torch.from_numpy(((images / 255 - MEAN) / DEVIATION).astype(np.float32)).permute(0, 3, 1, 2)
    features = {}
    for name, model in models.items():
        for weight in model.parameters():
            weight.data += 0.1 * torch.randn_like(weight)
        folder = FOLDER / "presets" / name
        model.eval().save_pretrained(folder)
        (folder / "preprocessor_config.json").write_text(json.dumps(PREPARATION))
        backbone = model if name == "dinov2" else getattr(model, name)
        with torch.no_grad():
            tokens = backbone(inputs).last_hidden_state
        parts = [tokens[:, 0], tokens[:, 1:].mean(1)] if name == "dinov2" else [tokens[:, 0]]
        features[name] = torch.cat(parts, 1).numpy()
    np.savez_compressed(FOLDER / "presets" / "features.npz", **features)


if __name__ == "__main__":
    sys.exit(main())
