"""Reference outputs of segmentation networks and of networks written here: python tests/references/make_segmenters.py

unet_resnet34 is fastai's own DynamicUnet, and the decoder of the U-Nets is that of segmentation_models_pytorch. The
others are written here from their papers with PyTorch's own pooling, unpooling, normalisation and convolutions. No
network of SceneLab is read.
"""

import torch
from make_backbones import TORCHVISION, MobileNetV2, ResNet50, load_resnet34
from torch import nn
from torch.nn import functional
from torch_side import conv, norm, store
from weights import image

import torchvision  # isort: skip
import fastai  # isort: skip
import segmentation_models_pytorch as smp  # isort: skip
from fastai.vision.models.unet import DynamicUnet  # isort: skip

CLASSES = 5
PYTORCH = f"PyTorch {torch.__version__.partition('+')[0]}"
STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))


def unet_resnet34() -> nn.Module:
    """fastai's, with the channels before each pixel shuffle in TensorFlow's order: part * channels + channel."""
    resnet = torchvision.models.resnet34(weights=None)
    load_resnet34(resnet)
    network = DynamicUnet(nn.Sequential(*list(resnet.children())[:-2]), CLASSES, (96, 64))
    layers = list(network.layers)
    norm(layers[1], "middle_bn")
    for number, block in enumerate(layers[3], 1):
        conv(block[0], f"middle_{number}_conv")
    for step, block in enumerate(layers[4:8]):
        load_shuffle(block.shuf, f"decoder_{step}_up_conv")
        norm(block.bn, f"decoder_{step}_skip_bn")
        for number in (1, 2):
            conv(getattr(block, f"conv{number}")[0], f"decoder_{step}_{number}_conv")
    load_shuffle(layers[8], "decoder_last_up_conv")
    residual = next(layer for layer in layers if hasattr(layer, "convpath"))
    for number, block in enumerate(residual.convpath, 1):
        conv(block[0], f"picture_{number}_conv")
    conv(layers[-2][0], "logits")
    return network


def load_shuffle(shuffle: nn.Module, name: str) -> None:
    module = shuffle[0][0]
    conv(module, name)
    with torch.no_grad():
        for parameter in (module.weight, module.bias):
            parts = parameter.reshape(4, len(parameter) // 4, *parameter.shape[1:])
            parameter.copy_(parts.transpose(0, 1).reshape(parameter.shape))


class UNet(nn.Module):
    """The decoder of segmentation_models_pytorch on feature maps of ResNet-50, from the deepest to the largest."""

    def __init__(self, lasts: list[tuple[int, int]], skips: tuple[int, ...], filters: tuple[int, ...]) -> None:
        super().__init__()
        self.stages = nn.ModuleList(ResNet50(last=last) for last in lasts)
        decoder = smp.decoders.unet.decoder.UnetDecoder
        self.decoder = decoder((3, *reversed(skips), 1024), filters, n_blocks=len(filters))
        for step, block in enumerate(self.decoder.blocks):
            for number in (1, 2):
                convolution, batch_norm, _ = getattr(block, f"conv{number}")
                name = f"decoder_{step}_{number}"
                conv(convolution, f"{name}_conv")
                norm(batch_norm, f"{name}_bn", epsilon=1e-3)
        self.head = nn.Conv2d(filters[-1], CLASSES, 1)
        conv(self.head, "logits")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        stem = self.stages[0].network.embedder.embedder(x)
        maps = [stem, *(stage(x) for stage in self.stages)]
        return self.head(self.decoder([x, *maps]))


class UNetMobileNetV2(nn.Module):
    """The U-Net of TensorFlow's tutorial on segmentation: MobileNetV2 and five transposed convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, channels = MobileNetV2(cut=True), 320
        self.ups, self.norms = nn.ModuleList(), nn.ModuleList()
        for step, (filters, skip) in enumerate(((512, 576), (256, 192), (128, 144), (64, 96))):
            self.ups.append(nn.ConvTranspose2d(channels, filters, 3, 2, bias=False))
            self.norms.append(nn.BatchNorm2d(filters, eps=1e-3))
            conv(self.ups[-1], f"decoder_{step}_up")
            norm(self.norms[-1], f"decoder_{step}_bn")
            channels = filters + skip
        self.head = nn.ConvTranspose2d(channels, CLASSES, 3, 2)
        conv(self.head, "logits")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        maps: list[torch.Tensor] = []
        blocks = self.encoder.network.layer
        hooks = [
            blocks[number - 1].expand_1x1.register_forward_hook(lambda module, inputs, output: maps.append(output))
            for number in (1, 3, 6, 13)
        ]
        x = self.encoder(x)
        for hook in hooks:
            hook.remove()
        for up, batch_norm, skip in zip(self.ups, self.norms, reversed(maps), strict=True):
            x = torch.cat([functional.relu(batch_norm(up(x)[..., :-1, :-1])), skip], 1)
        return self.head(x)[..., :-1, :-1]


class Mirrored(nn.Module):
    """SegNet, or Noh et al.'s network: the convolutions of VGG16, and as many with unpooling at the maxima."""

    def __init__(self, is_segnet: bool) -> None:
        super().__init__()
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        channels, kind = 3, nn.Conv2d if is_segnet else nn.ConvTranspose2d
        for stage, (filters, count) in enumerate(STAGES, 1):
            steps = nn.ModuleList()
            for number in range(1, count + 1):
                module = nn.Conv2d(channels, filters, 3, padding=1)
                name = f"conv{stage}_{number}" if is_segnet else f"block{stage}_conv{number}"
                conv(module, name)
                steps.append(nn.Sequential(module, self.normed(f"{name}_bn", filters) if is_segnet else nn.Identity()))
                channels = filters
            self.down.append(steps)
        for stage in range(5, 0, -1):
            steps = nn.ModuleList()
            filters, count = STAGES[stage - 1]
            outputs = [filters] * (count - 1) + ([STAGES[stage - 2][0]] if stage > 1 else [])
            for number, output in zip(range(count, 0, -1), outputs, strict=False):
                name = f"conv{stage}_{number}_decode" if is_segnet else f"block{stage}_deconv{number}"
                module = kind(channels, output, 3, padding=1, bias=is_segnet)
                conv(module, name)
                steps.append(nn.Sequential(module, self.normed(f"{name}_bn", output)))
                channels = output
            self.up.append(steps)
        self.head = nn.Conv2d(channels, CLASSES, 3, padding=1)
        conv(self.head, "logits")

    def normed(self, name: str, filters: int) -> nn.Module:
        batch_norm = nn.BatchNorm2d(filters, eps=1e-3)
        norm(batch_norm, name)
        return batch_norm

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pooled = []
        for steps in self.down:
            for step in steps:
                x = functional.relu(step(x))
            before = x.shape
            x, indices = functional.max_pool2d(x, 2, return_indices=True)
            pooled.append((indices, before))
        for steps in self.up:
            indices, before = pooled.pop()
            x = functional.max_unpool2d(x, indices, 2, output_size=before)
            for step in steps:
                x = functional.relu(step(x))
        return self.head(x)


class SegNetBasic(nn.Module):
    """Two stages of SegNet-Basic: LRN, 7x7 convolutions with batch or instance norm, no ReLU in the decoder."""

    def __init__(self, is_batch: bool) -> None:
        super().__init__()
        self.lrn, channels = nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=1), 3
        self.steps = nn.ModuleList()
        for name in ("conv1", "conv2", "conv_decode2", "conv_decode1"):
            module = nn.Conv2d(channels, 64, 7, padding=3)
            layer = nn.BatchNorm2d(64, eps=1e-3) if is_batch else nn.GroupNorm(64, 64, eps=1e-3)
            conv(module, name)
            norm(layer, f"{name}_bn")
            self.steps.append(nn.Sequential(module, layer))
            channels = 64
        self.head = nn.Conv2d(64, CLASSES, 1)
        conv(self.head, "logits")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        one, two, three, four = self.steps
        x, first = functional.max_pool2d(functional.relu(one(self.lrn(x))), 2, return_indices=True)
        x, second = functional.max_pool2d(functional.relu(two(x)), 2, return_indices=True)
        x = three(functional.max_unpool2d(x, second, 2))
        return self.head(four(functional.max_unpool2d(x, first, 2)))


class CifarResNet(nn.Module):
    """He et al. 2016, section 4.2, with shortcuts A: every second pixel, and zeros for the new channels.

    With `is_tensorflow`, strided convolutions pad the bottom and the right alone, as TensorFlow does for even sizes.
    """

    def __init__(self, depth: int, is_tensorflow: bool) -> None:
        super().__init__()
        self.is_tensorflow = is_tensorflow
        self.stem, self.blocks, channels = self.step(3, 16, 1, "stem"), nn.ModuleList(), 16
        for group, filters in enumerate((16, 32, 64), 1):
            for number in range(1, (depth - 2) // 6 + 1):
                name, stride = f"group_{group}_block_{number}", filters // channels
                one, two = (
                    self.step(channels, filters, stride, f"{name}_1"),
                    self.step(filters, filters, 1, f"{name}_2"),
                )
                self.blocks.append(nn.Sequential(one, nn.ReLU(), two))
                channels = filters

    def step(self, inputs: int, filters: int, stride: int, name: str) -> nn.Module:
        padding = nn.ZeroPad2d((0, 1, 0, 1) if stride == 2 and self.is_tensorflow else 1)
        module, batch_norm = nn.Conv2d(inputs, filters, 3, stride, bias=False), nn.BatchNorm2d(filters, eps=1e-3)
        conv(module, f"{name}_conv")
        norm(batch_norm, f"{name}_bn")
        return nn.Sequential(padding, module, batch_norm)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.relu(self.stem(x))
        for block in self.blocks:
            residual = block(x)
            added = residual.shape[1] - x.shape[1]
            shortcut = x[:, :, ::2, ::2] if added else x
            x = functional.relu(functional.pad(shortcut, (0, 0, 0, 0, added // 2, added // 2)) + residual)
        return x


if __name__ == "__main__":
    store("unet_resnet34", unet_resnet34(), image(96, 64), f"fastai {fastai.__version__} on {TORCHVISION}")
    half = [(0, 2), (1, 3), (2, 0)]
    smp_version = f"segmentation_models_pytorch {smp.__version__}"
    store("unet_resnet50", UNet(half, (64, 256, 512)[::-1], (256, 128, 64, 32)), image(96, 64), smp_version)
    store("unet_mobilenet_v2", UNetMobileNetV2(), image(96, 64), PYTORCH)
    store("segnet", Mirrored(is_segnet=True), image(96, 64), PYTORCH)
    store("vgg16_unpool", Mirrored(is_segnet=False), image(96, 64), PYTORCH)
    store("segnet_basic", SegNetBasic(is_batch=True), 50 * image(32, 64), PYTORCH)
    store("segnet_basic_picture_norm", SegNetBasic(is_batch=False), 50 * image(32, 64), PYTORCH)
    for depth in (20, 32, 44, 56, 110):
        store(f"cifar_resnet_{depth}", CifarResNet(depth, is_tensorflow=True), image(32, 32), PYTORCH)
