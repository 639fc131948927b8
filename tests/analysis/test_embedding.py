"""Embeddings in the plane, checked with linear algebra."""

import matplotlib.image
import numpy as np
import pytest

from analysis.embedding import draw_embedding, embed
from tests.conftest import table


def clusters(count: int = 40, dimensions: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Points of three distant clusters, and their labels."""
    generator = np.random.default_rng(0)
    labels = np.arange(count) % 3
    return generator.normal(0, 1, (count, dimensions)) + 40 * labels[:, None] * np.eye(3, dimensions)[labels], labels


def test_pca_by_singular_values():
    values, _ = clusters()
    centred = values - values.mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    found = embed(values, "pca")
    np.testing.assert_allclose(np.abs(found.points), np.abs(u[:, :2] * s[:2]), rtol=1e-6, atol=1e-6)
    assert found.how == f"PCA, {(s[:2] ** 2).sum() / (s**2).sum():.0%} of the variance"


def test_t_sne_keeps_neighbours_together_and_reports_its_perplexity():
    values, labels = clusters()
    found = embed(values.reshape(40, 6, 10), "tsne", seed=1)
    assert found.how == "t-SNE, perplexity 13, reduced for 40 points"
    distances = np.linalg.norm(found.points[:, None] - found.points[None], axis=-1)
    np.fill_diagonal(distances, np.inf)
    assert (labels[distances.argmin(axis=1)] == labels).all()
    np.testing.assert_array_equal(found.points, embed(values, "tsne", seed=1).points)


@pytest.mark.parametrize("method", ["pca", "tsne"])
@pytest.mark.parametrize("shape", [(1, 5), (2, 5), (3, 5), (4, 1)])
def test_few_points_and_few_dimensions(method, shape):
    points = embed(np.random.default_rng(1).normal(size=shape), method).points
    assert points.shape == (shape[0], 2) and np.isfinite(points).all()
    assert np.isfinite(embed(np.ones(shape), method).points).all(), "all alike"


def test_an_unknown_method_and_no_points_are_refused():
    for values, method in ((np.ones((3, 2)), "umap"), (np.ones((0, 2)), "pca")):
        with pytest.raises(ValueError, match="pca, tsne"):
            embed(values, method)


def test_the_figure_and_its_csv(tmp_path):
    values, labels = clusters()
    panels = {"pixels": embed(values, "pca"), "codes": embed(values[:, :2], "pca")}
    draw_embedding(panels, labels, ["beach", "=city", "$wood$"], tmp_path / "e.png")
    rows = table(tmp_path / "e.csv")
    assert list(rows[0]) == ["class", "pixels x", "pixels y", "codes x", "codes y"] and len(rows) == 40
    assert [row["class"] for row in rows[:3]] == ["beach", "'=city", "$wood$"]
    np.testing.assert_allclose([float(row["codes y"]) for row in rows], panels["codes"].points[:, 1], rtol=1e-4)
    with_legend = matplotlib.image.imread(tmp_path / "e.png")
    draw_embedding(panels, None, [], tmp_path / "n.png")
    without_legend = matplotlib.image.imread(tmp_path / "n.png")
    assert with_legend.shape[1] > without_legend.shape[1]
    assert (tmp_path / "n.csv").read_text().startswith("pixels x,")


def test_fifty_classes_look_different(tmp_path, monkeypatch):
    figures = []
    monkeypatch.setattr("analysis.embedding.save_figure", lambda figure, path: figures.append(figure))
    points = embed(np.random.default_rng(2).normal(size=(100, 3)), "pca")
    names = [f"class number {index}" for index in range(50)]
    draw_embedding({"codes": points}, np.arange(100) % 50, names, tmp_path / "f.png")
    dots = figures[0].axes[0].collections
    looks = {(dot.get_facecolor().tobytes(), dot.get_paths()[0].vertices.tobytes()) for dot in dots}
    assert len(dots) == len(looks) == 50
