"""A convolutional variational auto-encoder: strided convolutions down to a code, transposed ones up again."""

from collections.abc import Sequence

import keras

from layers.elbo import Elbo
from layers.pixel_values import PixelValues
from layers.sampling import Sampling

HIDDEN = 256
"""Width of the dense layer on both sides of the code."""

KERNEL = 4
"""A multiple of the stride: transposed convolutions with others leave a checkerboard (Odena et al. 2016)."""


def build_vae(
    size: tuple[int, int],
    channels: int,
    latent_size: int,
    filters: Sequence[int],
    terms: Sequence[str] = ("ce",),
    beta: float = 1.0,
    seed: int | None = None,
) -> keras.Model:
    """RGB (batch, height, width, 3) of 0..255 -> logits (batch, height, width, channels) of a random code.

    Its layer `encoder` is a model that takes the pictures and gives mean and log variance (batch, latent_size) of their
    codes, its layer `decoder` one that takes codes and gives logits; their sigmoid is the picture, 0..1. The loss is in
    the graph: `layers.elbo.Elbo`.

    Arguments:
        size: height and width in pixels.
        channels: 1 for a model of gray pictures, 3 for colours.
        filters: how wide each halving is, from the picture down.
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
        x = keras.layers.Conv2D(width, KERNEL, 2, "same", activation="relu", name=f"down{number}")(x)
    x = keras.layers.Flatten(name="flatten")(x)
    x = keras.layers.Dense(HIDDEN, activation="relu", name="hidden")(x)
    code = [keras.layers.Dense(latent_size, dtype="float32", name=name)(x) for name in ("mean", "log_variance")]
    return keras.Model(images, code, name="encoder")


def build_decoder(size: tuple[int, int], channels: int, latent_size: int, filters: Sequence[int]) -> keras.Model:
    """Codes (batch, latent_size) -> logits (batch, height, width, channels) float32."""
    *sizes, smallest = halvings(size, len(filters))
    widths = [*filters[-2::-1], channels]
    code = keras.Input((latent_size,), name="code")
    x = keras.layers.Dense(HIDDEN, activation="relu", name="hidden")(code)
    x = keras.layers.Dense(smallest[0] * smallest[1] * filters[-1], activation="relu", name="spread")(x)
    x = keras.layers.Reshape((*smallest, filters[-1]), name="map")(x)
    for number, (wanted, width) in enumerate(zip(reversed(sizes), widths, strict=True), 1):
        is_last = number == len(widths)
        options = {"dtype": "float32"} if is_last else {"activation": "relu"}
        x = keras.layers.Conv2DTranspose(width, KERNEL, 2, "same", name=f"up{number}", **options)(x)
        odd = [(0, have - want) for have, want in zip(x.shape[1:3], wanted, strict=True)]
        x = keras.layers.Cropping2D(odd, name=f"fit{number}")(x) if odd != [(0, 0)] * 2 else x
    return keras.Model(code, x, name="decoder")


def halvings(size: tuple[int, int], count: int) -> list[tuple[int, int]]:
    """The size, its half, and so on, `count` times; halves are rounded up, as convolutions do."""
    sizes = [size]
    for _ in range(count):
        sizes.append(tuple(-(-side // 2) for side in sizes[-1]))
    return sizes
