"""Reference outputs of backbones, by torchvision, timm and transformers: python tests/references/make_backbones.py

README.md says how to make the environment. Weights and images are those of `weights.py`.
"""

from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace

import torch
from torch import nn
from torch.nn import functional
from torch_side import conv, define_operators_of_torchvision, dense, modules_of, norm, scale, store
from weights import image

define_operators_of_torchvision()
import timm  # noqa: E402
import torchvision  # noqa: E402
import transformers  # noqa: E402

TIMM, TORCHVISION = f"timm {timm.__version__}", f"torchvision {torchvision.__version__.partition('+')[0]}"
TRANSFORMERS = f"transformers {transformers.__version__}"


def resnet34() -> nn.Module:
    network = torchvision.models.resnet34(weights=None)
    load_resnet34(network)
    return nn.Sequential(*list(network.children())[:-2])


def load_resnet34(network: nn.Module) -> None:
    conv(network.conv1, "conv1_conv")
    norm(network.bn1, "conv1_bn")
    for stage, blocks in enumerate((network.layer1, network.layer2, network.layer3, network.layer4)):
        for number, block in enumerate(blocks):
            name = f"stack{stage}_block{number}"
            for part in (1, 2):
                conv(getattr(block, f"conv{part}"), f"{name}_{part}_conv")
                norm(getattr(block, f"bn{part}"), f"{name}_{part}_bn")
            if block.downsample:
                conv(block.downsample[0], f"{name}_0_conv")
                norm(block.downsample[1], f"{name}_0_bn")


class ResNet50(nn.Module):
    """ResNet-50 with the strides in the 1x1 convolutions, as He et al. 2016 and Caffe, up to a stage and block."""

    def __init__(self, atrous: bool = False, last: tuple[int, int] = (3, 2)) -> None:
        super().__init__()
        config = transformers.ResNetConfig(downsample_in_bottleneck=True)
        self.network, self.last = transformers.ResNetModel(config), last
        stages = self.network.encoder.stages
        self.load(self.network.embedder.embedder, "conv1")
        for stage, part in enumerate(stages):
            for number, block in enumerate(part.layers):
                name = f"conv{stage + 2}_block{number + 1}"
                if number == 0:
                    self.load(block.shortcut, f"{name}_0")
                for place, layer in enumerate(block.layer, 1):
                    self.load(layer, f"{name}_{place}")
        if atrous:
            for module in modules_of(stages[3], nn.Conv2d):
                module.stride = (1, 1)
                if module.kernel_size == (3, 3):
                    module.dilation = module.padding = (2, 2)

    def load(self, layer: nn.Module, name: str) -> None:
        conv(layer.convolution, f"{name}_conv")
        norm(layer.normalization, f"{name}_bn", bias_of=f"{name}_conv", epsilon=1.001e-5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.network.embedder(x)
        for stage, part in enumerate(self.network.encoder.stages):
            for number, block in enumerate(part.layers):
                x = block(x)
                if (stage, number) == self.last:
                    return x
        raise ValueError(self.last)


def vgg(depth: int) -> nn.Module:
    network = getattr(torchvision.models, f"vgg{depth}")(weights=None).features
    for module, name in zip(modules_of(network, nn.Conv2d), vgg_names(depth), strict=True):
        conv(module, name)
    return network


def vgg_names(depth: int) -> Iterator[str]:
    deep = 3 if depth == 16 else 4
    for block, count in enumerate((2, 2, deep, deep, deep), 1):
        yield from (f"block{block}_conv{number}" for number in range(1, count + 1))


def cifar_vgg16() -> nn.Module:
    network = torchvision.models.vgg16_bn(weights=None).features
    names = [name.replace("conv", "") for name in vgg_names(16)]
    for module, batch_norm, name in zip(
        modules_of(network, nn.Conv2d), modules_of(network, nn.BatchNorm2d), names, strict=True
    ):
        conv(module, f"{name}_conv")
        norm(batch_norm, f"{name}_bn", epsilon=1e-3)
    return network


class MobileNetV2(nn.Module):
    """With TensorFlow's padding, up to `Conv_1` or to `block_16_project` without batch norm."""

    def __init__(self, cut: bool = False) -> None:
        super().__init__()
        self.network = transformers.MobileNetV2Model(transformers.MobileNetV2Config(), add_pooling_layer=False)
        self.cut, stem = cut, self.network.conv_stem
        self.load(stem.first_conv, "Conv1", "bn_Conv1")
        self.load(stem.conv_3x3, "expanded_conv_depthwise", depthwise=True)
        self.load(stem.reduce_1x1, "expanded_conv_project")
        for number, block in enumerate(self.network.layer, 1):
            self.load(block.expand_1x1, f"block_{number}_expand")
            self.load(block.conv_3x3, f"block_{number}_depthwise", depthwise=True)
            self.load(block.reduce_1x1, f"block_{number}_project")
        self.load(self.network.conv_1x1, "Conv_1", "Conv_1_bn")
        if cut:
            self.network.layer[-1].reduce_1x1.normalization = nn.Identity()

    def load(self, layer: nn.Module, name: str, batch_norm: str = "", depthwise: bool = False) -> None:
        conv(layer.convolution, name, depthwise=depthwise)
        norm(layer.normalization, batch_norm or f"{name}_BN")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.network.conv_stem(x)
        for block in self.network.layer:
            x = block(x)
        return x if self.cut else self.network.conv_1x1(x)


def xception() -> nn.Module:
    network = timm.create_model("legacy_xception", pretrained=False)
    for number in (1, 2):
        conv(getattr(network, f"conv{number}"), f"block1_conv{number}")
        norm(getattr(network, f"bn{number}"), f"block1_conv{number}_bn", epsilon=1e-3)
    skips = 0
    for number in range(2, 14):
        block = getattr(network, f"block{number - 1}")
        separable = [module for module in block.rep if hasattr(module, "pointwise")]
        batch_norms = [module for module in block.rep if isinstance(module, nn.BatchNorm2d)]
        for place, modules in enumerate(zip(separable, batch_norms, strict=True), 1):
            load_separable(*modules, f"block{number}_sepconv{place}")
        if block.skip is not None:
            conv(block.skip, f"conv2d:{skips}")
            norm(block.skipbn, f"batch_normalization:{skips}", epsilon=1e-3)
            skips += 1
    load_separable(network.conv3, network.bn3, "block14_sepconv1")
    load_separable(network.conv4, network.bn4, "block14_sepconv2")
    return features_of(network)


def load_separable(module: nn.Module, batch_norm: nn.Module, name: str) -> None:
    conv(module.conv1, name, "depthwise_kernel", depthwise=True)
    conv(module.pointwise, name, "pointwise_kernel")
    norm(batch_norm, f"{name}_bn", epsilon=1e-3)


def features_of(network: nn.Module) -> nn.Module:
    network.forward = network.forward_features
    return network


def efficientnet_v2(size: str) -> nn.Module:
    network = timm.create_model(f"tf_efficientnetv2_{size}", pretrained=False)
    conv(network.conv_stem, "stem_conv")
    norm(network.bn1, "stem_bn")
    for stage, blocks in enumerate(network.blocks, 1):
        for block, letter in zip(blocks, "abcdefghijklmnopqrstuvwxyz", strict=False):
            name = f"block{stage}{letter}"
            steps = ["project"] if hasattr(block, "conv") else ["expand", "project"]
            if hasattr(block, "conv_dw"):
                steps = ["expand", "dw", "project"]
                conv(block.se.conv_reduce, f"{name}_se_reduce")
                conv(block.se.conv_expand, f"{name}_se_expand")
            parts = {
                "conv": "project",
                "conv_exp": "expand",
                "conv_pw": "expand",
                "conv_dw": "dw",
                "conv_pwl": "project",
            }
            for part, step in parts.items():
                if hasattr(block, part):
                    layer = f"{name}_dwconv2" if step == "dw" else f"{name}_{step}_conv"
                    conv(getattr(block, part), layer, depthwise=step == "dw")
            norm_names = {"expand": "expand_bn", "project": "project_bn", "dw": "bn"}
            for number, step in enumerate(steps, 1):
                norm(getattr(block, f"bn{number}"), f"{name}_{norm_names[step]}")
    conv(network.conv_head, "top_conv")
    norm(network.bn2, "top_bn")
    return features_of(network)


def convnext_tiny() -> nn.Module:
    network = timm.create_model("convnext_tiny", pretrained=False)
    conv(network.stem[0], "convnext_tiny_stem_conv")
    norm(network.stem[1], "convnext_tiny_stem_layernorm")
    for stage, part in enumerate(network.stages):
        if stage:
            norm(part.downsample[0], f"convnext_tiny_downsampling_layernorm_{stage - 1}")
            conv(part.downsample[1], f"convnext_tiny_downsampling_conv_{stage - 1}")
        for number, block in enumerate(part.blocks):
            name = f"convnext_tiny_stage_{stage}_block_{number}"
            conv(block.conv_dw, f"{name}_depthwise_conv")
            norm(block.norm, f"{name}_layernorm")
            dense(block.mlp.fc1, f"{name}_pointwise_conv_1")
            dense(block.mlp.fc2, f"{name}_pointwise_conv_2")
            scale(block.gamma, f"{name}_layer_scale")
    norm(network.head.norm, "layer_normalization:0")
    return nn.Sequential(features_of(network), network.head.norm)


def inception_v3() -> nn.Module:
    """torchvision's average pools count the padding, against the authors' code and Keras: changed here."""
    network = torchvision.models.inception_v3(weights=None, aux_logits=False, init_weights=False)
    without_padding = partial(functional.avg_pool2d, count_include_pad=False)
    torchvision.models.inception.F = SimpleNamespace(**vars(functional) | {"avg_pool2d": without_padding})
    load_in_order(modules_of(network, nn.Conv2d), modules_of(network, nn.BatchNorm2d))
    network.avgpool = network.dropout = network.fc = nn.Identity()
    names = list(dict(network.named_children()))
    return nn.Sequential(*(getattr(network, name) for name in names if name not in ("avgpool", "dropout", "fc")))


def load_in_order(convolutions: list[nn.Module], batch_norms: list[nn.Module]) -> None:
    for number, (module, batch_norm) in enumerate(zip(convolutions, batch_norms, strict=True)):
        conv(module, f"conv2d:{number}")
        norm(batch_norm, f"batch_normalization:{number}", scale=False)


def inception_resnet_v2() -> nn.Module:
    network = timm.create_model("inception_resnet_v2", pretrained=False)
    named = [network.conv2d_7b.conv]
    conv(network.conv2d_7b.conv, "conv_7b")
    norm(network.conv2d_7b.bn, "conv_7b_bn", scale=False)
    groups = {"block35": network.repeat, "block17": network.repeat_1, "block8": [*network.repeat_2, network.block8]}
    for name, blocks in groups.items():
        for number, block in enumerate(blocks, 1):
            conv(block.conv2d, f"{name}_{number}_conv")
            named.append(block.conv2d)
    others = [module for module in modules_of(network, nn.Conv2d) if not any(module is one for one in named)]
    load_in_order(others, modules_of(network, nn.BatchNorm2d)[:-1])
    return features_of(network)


if __name__ == "__main__":
    store("resnet34", resnet34(), image(96, 64), TORCHVISION)
    store("resnet50", ResNet50(), image(96, 64), TRANSFORMERS)
    store("resnet50_atrous", ResNet50(atrous=True), image(96, 64), TRANSFORMERS)
    for cut, last in {"2_block3": (0, 2), "3_block4": (1, 3), "4_block1": (2, 0), "4_block6": (2, 5)}.items():
        store(f"resnet50_to_conv{cut}_out", ResNet50(last=last), image(96, 64), TRANSFORMERS)
    store("vgg16", vgg(16), image(64, 64), TORCHVISION)
    store("vgg19", vgg(19), image(64, 64), TORCHVISION)
    store("cifar_vgg16", cifar_vgg16(), image(32, 32), TORCHVISION)
    store("mobilenet_v2", MobileNetV2(), image(96, 64), TRANSFORMERS)
    store("mobilenet_v2_to_block_16", MobileNetV2(cut=True), image(96, 64), TRANSFORMERS)
    store("xception", xception(), image(71, 71), TIMM)
    store("efficientnet_v2_b0", efficientnet_v2("b0"), image(96, 64), TIMM)
    store("efficientnet_v2_s", efficientnet_v2("s"), image(96, 64), TIMM)
    store("convnext_tiny", convnext_tiny(), image(96, 64), TIMM)
    store("inception_v3", inception_v3(), image(139, 107), TORCHVISION)
    store("inception_resnet_v2", inception_resnet_v2(), image(139, 107), TIMM)
