"""Presets of KerasHub with random weights and few kilobytes, saved to folders as `from_preset` reads them."""

import json
from collections.abc import Callable
from pathlib import Path

import keras
from keras_hub import layers, models

SIZE = 32
"""Height and width of the images in pixels."""

SHAPE = (SIZE, SIZE, 3)

VISION = {"patch_size": 8, "hidden_dim": 8, "num_layers": 2, "num_heads": 2, "intermediate_dim": 16}
TEXT = {"vocabulary_size": 20, "embedding_dim": 8, "hidden_dim": 8, "num_layers": 1, "num_heads": 2,
        "intermediate_dim": 16, "max_sequence_length": 4}  # fmt: skip


def resnet(**changes: object) -> keras.Model:
    arguments = {
        "input_conv_filters": [64], "input_conv_kernel_sizes": [3], "stackwise_num_filters": [64, 8, 8, 8],
        "stackwise_num_blocks": [1, 1, 1, 1], "stackwise_num_strides": [1, 2, 2, 2], "block_type": "basic_block",
    }  # fmt: skip
    return models.ResNetBackbone(**arguments | changes)


def vit(**changes: object) -> keras.Model:
    arguments = {"image_shape": SHAPE, "patch_size": 8, "num_layers": 2, "num_heads": 2, "hidden_dim": 8, "mlp_dim": 16}
    return models.ViTBackbone(**arguments | changes)


def mit() -> keras.Model:
    return models.MiTBackbone(
        layerwise_depths=[1, 1], num_layers=2, layerwise_num_heads=[1, 2], layerwise_sr_ratios=[2, 1],
        max_drop_path_rate=0.1, layerwise_patch_sizes=[7, 3], layerwise_strides=[4, 2], image_shape=SHAPE,
        hidden_dims=[4, 8],
    )  # fmt: skip


def mobilenet() -> keras.Model:
    return models.MobileNetBackbone(
        stackwise_expansion=[[4], [4, 8]], stackwise_num_blocks=[1, 2], stackwise_num_filters=[[8], [8, 8]],
        stackwise_kernel_size=[[3], [3, 3]], stackwise_num_strides=[[2], [2, 1]],
        stackwise_se_ratio=[[None], [0.25, 0.25]],
        stackwise_activation=[["relu"], ["relu", "relu"]], stackwise_padding=[[1], [1, 1]], output_num_filters=16,
        input_activation="relu", output_activation="relu", input_num_filters=4, depthwise_filters=4, depthwise_stride=2,
        depthwise_residual=False, last_layer_filter=16, squeeze_and_excite=0.5, image_shape=(None, None, 3),
    )  # fmt: skip


def mobilenet_v5() -> keras.Model:
    return models.MobileNetV5Backbone(
        stackwise_block_types=[["er"], ["uir", "uir"]], stackwise_num_blocks=[1, 2],
        stackwise_num_filters=[[8], [8, 8]], stackwise_strides=[[2], [2, 1]],
        stackwise_act_layers=[["relu"], ["relu", "relu"]], stackwise_exp_ratios=[[2.0], [2.0, 2.0]],
        stackwise_se_ratios=[[0.0], [0.0, 0.0]], stackwise_dw_kernel_sizes=[[0], [5, 5]],
        stackwise_dw_start_kernel_sizes=[[0], [0, 0]], stackwise_dw_end_kernel_sizes=[[0], [0, 0]],
        stackwise_exp_kernel_sizes=[[3], [0, 0]], stackwise_pw_kernel_sizes=[[1], [0, 0]],
        stackwise_num_heads=[[0], [0, 0]], stackwise_key_dims=[[0], [0, 0]], stackwise_value_dims=[[0], [0, 0]],
        stackwise_kv_strides=[[0], [0, 0]], stackwise_use_cpe=[[False], [False, False]], use_msfa=False, stem_size=4,
        num_features=16,
    )  # fmt: skip


def efficientnet() -> keras.Model:
    return models.EfficientNetBackbone(
        stackwise_width_coefficients=[1.0] * 2, stackwise_depth_coefficients=[1.0] * 2,
        stackwise_kernel_sizes=[3, 3], stackwise_num_repeats=[1, 1], stackwise_input_filters=[8, 8],
        stackwise_output_filters=[8, 8], stackwise_expansion_ratios=[1, 2], stackwise_strides=[2, 2],
        stackwise_squeeze_and_excite_ratios=[0.25, 0.25], stackwise_block_types=["v1", "v1"],
        stackwise_force_input_filters=[0, 0], stackwise_nores_option=[False, False], dropout=0.0,
        input_shape=(None, None, 3),
    )  # fmt: skip


def hgnet() -> keras.Model:
    return models.HGNetV2Backbone(
        depths=[1, 1, 1], embedding_size=4, hidden_sizes=[8, 16, 16], stem_channels=[3, 4, 4], hidden_act="relu",
        use_learnable_affine_block=False, apply_downsample=[False, True, True],
        stackwise_stage_filters=[(4, 4, 8, 1, 1, 3), (8, 4, 16, 1, 1, 3), (16, 4, 16, 1, 1, 3)],
        use_lightweight_conv_block=[False, False, False], image_shape=(None, None, 3),
    )  # fmt: skip


def cspnet() -> keras.Model:
    return models.CSPNetBackbone(
        stem_filters=4, stem_kernel_size=3, stem_strides=1, stackwise_depth=[1, 1, 1], stackwise_strides=[1, 2, 2],
        stackwise_num_filters=[4, 8, 8], block_type="dark_block", stage_type="dark", image_shape=(None, None, 3),
    )  # fmt: skip


def swin() -> keras.Model:
    return models.SwinTransformerBackbone(
        image_shape=SHAPE, embed_dim=8, depths=[1, 1], num_heads=[1, 2], window_size=4, patch_size=4
    )


def vit_det(**changes: object) -> keras.Model:
    arguments = {
        "image_shape": SHAPE, "patch_size": 8, "hidden_size": 8, "num_layers": 2, "global_attention_layer_indices": [1],
        "intermediate_dim": 16, "num_heads": 2, "num_output_channels": 4, "window_size": 2,
    }  # fmt: skip
    return models.ViTDetBackbone(**arguments | changes)


def two_towers(name: str) -> keras.Model:
    vision = getattr(models, f"{name}VisionEncoder")(**VISION, image_shape=SHAPE)
    text = dict(TEXT)
    if name == "SigLIP":
        return models.SigLIPBackbone(vision, models.SigLIPTextEncoder(**text))
    return getattr(models, f"{name}Backbone")(vision, getattr(models, f"{name}TextEncoder")(**text), projection_dim=8)


BACKBONES: dict[str, Callable[[], keras.Model]] = {
    "resnet": resnet,
    "densenet": lambda: models.DenseNetBackbone(stackwise_num_repeats=[1, 1, 1], growth_rate=4),
    "cspnet": cspnet,
    "efficientnet": efficientnet,
    "mobilenet": mobilenet,
    "mobilenet_v5": mobilenet_v5,
    "vgg": lambda: models.VGGBackbone(stackwise_num_repeats=[1, 1], stackwise_num_filters=[4, 8]),
    "xception": lambda: models.XceptionBackbone([[4, 8], [8, 16], [16, 16]], [False, True, False]),
    "hgnet": hgnet,
    "mit": mit,
    "vit": vit,
    "vit_without_class_token": lambda: vit(use_class_token=False),
    "deit": lambda: models.DeiTBackbone(SHAPE, 8, 2, 2, 8, 16),
    "dinov2": lambda: models.DINOV2Backbone(
        **VISION, image_shape=SHAPE, position_embedding_shape=SHAPE, num_register_tokens=1
    ),
    "dinov3": lambda: models.DINOV3Backbone(**VISION, image_shape=SHAPE),
    "swin": swin,
    "vit_det": vit_det,
    "siglip": lambda: two_towers("SigLIP"),
    "clip": lambda: two_towers("CLIP"),
    "metaclip_2": lambda: two_towers("MetaCLIP2"),
    "retinanet": lambda: models.RetinaNetBackbone(resnet(), min_level=3, max_level=5, use_p5=False),
    "segformer": lambda: models.SegFormerBackbone(mit(), projection_filters=8),
}
"""A small network of each class that is taken."""


def save_preset(folder: Path, backbone: keras.Model, **converter: object) -> Path:
    """Saves a preset, with an image converter if arguments for one are given. Returns the folder."""
    backbone.save_to_preset(str(folder))
    if converter:
        layers.ImageConverter(**converter).save_to_preset(str(folder))
    return folder


def write_config(folder: Path, content: dict, name: str = "config.json") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(content))
    return folder
