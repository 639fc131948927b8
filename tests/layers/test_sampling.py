"""The layers of an auto-encoder against their formulas."""

import keras
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from layers.elbo import Elbo, kl_divergence
from layers.pixel_values import PixelValues, pixel_values
from layers.sampling import Sampling
from tests.conftest import noise

MEAN = np.array([[0.0, 2.0, -1.0], [0.5, 0.0, 0.0]], np.float32)
LOG_VARIANCE = np.array([[0.0, -2.0, 1.0], [-0.5, 0.0, 3.0]], np.float32)


def test_samples_have_the_given_mean_and_variance():
    drawn = np.reshape(Sampling(seed=1)(*(np.tile(values, (4000, 1)) for values in (MEAN, LOG_VARIANCE))), (-1, 2, 3))
    np.testing.assert_allclose(drawn.mean(axis=0), MEAN, atol=0.25)
    np.testing.assert_allclose(drawn.var(axis=0), np.exp(LOG_VARIANCE), rtol=0.1)


def test_the_seed_determines_the_samples_of_each_call():
    one, other = Sampling(seed=7), Sampling.from_config(Sampling(seed=7).get_config())
    first = np.asarray(one(MEAN, LOG_VARIANCE))
    np.testing.assert_array_equal(first, other(MEAN, LOG_VARIANCE))
    assert not np.array_equal(first, one(MEAN, LOG_VARIANCE))
    assert not np.array_equal(first, Sampling(seed=8)(MEAN, LOG_VARIANCE))


def test_kl_equals_its_integral():
    def divergence(mean: float, log_variance: float) -> float:
        q = norm(mean, np.exp(log_variance / 2))
        return quad(lambda z: q.pdf(z) * (q.logpdf(z) - norm.logpdf(z)), -30, 30, points=[mean])[0]

    expected = [
        sum(divergence(*pair) for pair in zip(*rows, strict=True)) for rows in zip(MEAN, LOG_VARIANCE, strict=True)
    ]
    np.testing.assert_allclose(kl_divergence(MEAN, LOG_VARIANCE), expected, rtol=1e-4)


def test_gray_equals_opencv():
    import cv2

    images = noise(2, 5, 4, 3)
    expected = np.stack([cv2.cvtColor(image.astype(np.float32), cv2.COLOR_RGB2GRAY) for image in images]) / 255
    np.testing.assert_allclose(PixelValues(1)(images)[..., 0], expected, atol=1e-5)
    np.testing.assert_allclose(PixelValues(3)(images), images / 255, atol=1e-6)


@pytest.mark.parametrize("terms", [("ce",), ("mse",), ("ce", "mse")])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_loss_equals_numpy(terms, channels):
    generator = np.random.default_rng(3)
    images = generator.integers(0, 256, (2, 6, 5, 3)).astype(np.float32)
    logits = generator.normal(0, 2, (2, 6, 5, channels)).astype(np.float32)
    x, p = np.asarray(pixel_values(images, channels), np.float64), 1 / (1 + np.exp(-logits.astype(np.float64)))
    of_term = {"ce": -(x * np.log(p) + (1 - x) * np.log(1 - p)), "mse": (x - p) ** 2}
    reconstruction = sum(of_term[term] for term in terms).sum(axis=(1, 2, 3))
    kl = 0.5 * (MEAN**2 + np.exp(LOG_VARIANCE) - LOG_VARIANCE - 1).sum(axis=1)
    elbo = Elbo(terms, beta=0.3)
    np.testing.assert_array_equal(elbo(images, logits, MEAN, LOG_VARIANCE), logits)
    assert float(elbo.losses[0]) == pytest.approx(np.mean(reconstruction + 0.3 * kl), rel=1e-5)
    found = elbo.terms_of(images, logits, MEAN, LOG_VARIANCE)
    np.testing.assert_allclose(found.reconstruction, reconstruction, rtol=1e-5)
    np.testing.assert_allclose(found.mse, ((x - p) ** 2).mean(axis=(1, 2, 3)), rtol=1e-5)
    shown = {tracker.name: float(tracker.result()) for tracker in elbo.trackers}
    assert shown["reconstruction"] == pytest.approx(reconstruction.mean(), rel=1e-5)
    assert shown["kl"] == pytest.approx(kl.mean(), rel=1e-5)


def test_extreme_logits_give_a_finite_loss():
    images, logits = np.full((1, 2, 2, 3), 255.0, np.float32), np.full((1, 2, 2, 1), -1e4, np.float32)
    found = Elbo().terms_of(images, logits, MEAN[:1], LOG_VARIANCE[:1])
    assert float(found.reconstruction[0]) == pytest.approx(4e4)


def test_an_unknown_term_is_refused():
    with pytest.raises(ValueError, match="ce, mse"):
        Elbo(("bce",))


def test_all_layers_are_saved(tmp_path):
    images = keras.Input((4, 4, 3))
    values = keras.layers.Flatten()(PixelValues(1)(images))
    code = Sampling(seed=5)(*(keras.layers.Dense(2)(values) for _ in range(2)))
    logits = keras.layers.Reshape((4, 4, 1))(keras.layers.Dense(16)(code))
    model = keras.Model(images, Elbo(("mse",), 2.0)(images, logits, code, code))
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    values = np.random.default_rng(0).uniform(0, 255, (3, 4, 4, 3)).astype(np.float32)
    np.testing.assert_array_equal(model(values), loaded(values))
    assert loaded.layers[-1].get_config()["beta"] == 2.0 and loaded.layers[-1].terms == ["mse"]
