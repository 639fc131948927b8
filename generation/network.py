"""A convolutional variational auto-encoder: strided convolutions to a latent code, transposed convolutions back."""

from collections.abc import Sequence

import keras

from layers.elbo import Elbo
from layers.pixel_values import PixelValues
from layers.sampling import Sampling

HIDDEN_UNITS = 256
"""Units of the dense layer before and after the code."""

KERNEL_SIZE = 4
"""A multiple of the stride. Other kernels of transposed convolutions leave a checkerboard pattern (Odena et al. 2016,
https://doi.org/10.23915/distill.00003)."""


def build_vae(
    size: tuple[int, int],
    channels: int,
    latent_size: int,
    filters: Sequence[int],
    terms: Sequence[str] = ("ce",),
    beta: float = 1.0,
    seed: int | None = None,
) -> keras.Model:
    """RGB (batch, height, width, 3) of 0..255 -> logits (batch, height, width, channels) of a sampled code.

    The sigmoid of the logits is the image, with values of 0..1. The layer `encoder` is a model that gives the mean and
    the log variance of the code, each (batch, latent_size). The layer `decoder` is a model from codes to logits. The
    loss is part of the graph: `layers.elbo.Elbo`.

    Arguments:
        size: height and width in pixels.
        channels: 1 for a model of gray images, 3 for colours.
        filters: number of filters of each convolution of the encoder, each of which halves height and width.
        terms, beta: terms of the reconstruction loss, and the weight of the KL divergence.
        seed: of the codes that are sampled.
    """
    encoder = build_encoder(size, channels, latent_size, filters)
    decoder = build_decoder(size, channels, latent_size, filters)
    images = keras.Input((*size, 3), name="image")
    mean, log_variance = encoder(images)
    code = Sampling(seed, dtype="float32", name="code")(mean, log_variance)
    logits = Elbo(terms, beta, dtype="float32", name="elbo")(images, decoder(code), mean, log_variance)
    return keras.Model(images, logits, name="vae")


def build_encoder(size: tuple[int, int], channels: int, latent_size: int, filters: Sequence[int]) -> keras.Model:
    """RGB of 0..255 -> mean and log variance of the code, each (batch, latent_size) float32."""
    images = keras.Input((*size, 3), name="image")
    x = PixelValues(channels, dtype="float32", name="values")(images)
    for number, width in enumerate(filters, 1):
        x = keras.layers.Conv2D(width, KERNEL_SIZE, 2, "same", activation="relu", name=f"down{number}")(x)
    x = keras.layers.Flatten(name="flatten")(x)
    x = keras.layers.Dense(HIDDEN_UNITS, activation="relu", name="hidden")(x)
    code = [keras.layers.Dense(latent_size, dtype="float32", name=name)(x) for name in ("mean", "log_variance")]
    return keras.Model(images, code, name="encoder")


def build_decoder(size: tuple[int, int], channels: int, latent_size: int, filters: Sequence[int]) -> keras.Model:
    """Codes (batch, latent_size) -> logits (batch, height, width, channels) float32."""
    *sizes, smallest = halvings(size, len(filters))
    widths = [*filters[-2::-1], channels]
    code = keras.Input((latent_size,), name="code")
    x = keras.layers.Dense(HIDDEN_UNITS, activation="relu", name="hidden")(code)
    x = keras.layers.Dense(smallest[0] * smallest[1] * filters[-1], activation="relu", name="spread")(x)
    x = keras.layers.Reshape((*smallest, filters[-1]), name="map")(x)
    for number, (target_size, width) in enumerate(zip(reversed(sizes), widths, strict=True), 1):
        is_last = number == len(widths)
        options = {"dtype": "float32"} if is_last else {"activation": "relu"}
        x = keras.layers.Conv2DTranspose(width, KERNEL_SIZE, 2, "same", name=f"up{number}", **options)(x)
        excess = [(0, doubled - target) for doubled, target in zip(x.shape[1:3], target_size, strict=True)]
        x = keras.layers.Cropping2D(excess, name=f"fit{number}")(x) if excess != [(0, 0)] * 2 else x
    return keras.Model(code, x, name="decoder")


def halvings(size: tuple[int, int], count: int) -> list[tuple[int, int]]:
    """The size, its half, and so on, `count` times. Halves are rounded up, as strided convolutions do."""
    sizes = [size]
    for _ in range(count):
        height, width = sizes[-1]
        sizes.append((-(-height // 2), -(-width // 2)))
    return sizes
