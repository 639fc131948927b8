"""The parts of `python -m analysis`. Each draws figures of a run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from analysis.trained_run import TrainedRun
from log import logger
from settings import SettingError, WorkError, bad_setting
from training.kinds import MULTILABEL, SEGMENTATION

if TYPE_CHECKING:
    from analysis.gradcam import Example
    from analysis.graph import NamedLayer
    from config import AnalysisConfig

GRADCAM_IMAGES = 6
"""Largest number of correct and of wrong predictions in the Grad-CAM figure: the most confident ones."""

EMBEDDED_IMAGES, EMBEDDED_IMAGES_WITH_MASKS = 500, 40
"""Largest number of embedded images, unless `--images` gives another."""


def draw_curves(trained: TrainedRun, settings: "AnalysisConfig") -> None:
    from training.plots import draw_training

    draw_training(trained.run, trained.schedule())


def draw_evaluation(trained: TrainedRun, settings: "AnalysisConfig") -> None:
    from analysis.evaluation import evaluate_run

    evaluate_run(trained, settings.confusion)


def draw_embeddings(trained: TrainedRun, settings: "AnalysisConfig") -> None:
    from analysis.embedding import draw_embedding, embed
    from analysis.features import image_features, pixel_features
    from predictor.images import evenly_spaced

    by_pixel = trained.kind == SEGMENTATION
    most = settings.images or (EMBEDDED_IMAGES_WITH_MASKS if by_pixel else EMBEDDED_IMAGES)
    most = most if by_pixel else min(most, settings.points)
    _, images, labels = trained.images(evenly_spaced(len(trained.data.images("val")), most))
    graph, batch_size = trained.graph, settings.batch_size
    for layer in _chosen_layers(trained, settings) or trained.kind.load(trained.kind.embedded_layers)(graph):
        if by_pixel:
            assert labels is not None
            _check_is_map(trained, layer)
            points = pixel_features(graph, layer, images, labels, settings.points, batch_size, settings.seed)
        else:
            points = image_features(graph, layer, images, labels, batch_size)
        embeddings = {method: embed(points.values, method, settings.seed) for method in ("pca", "tsne")}
        how = "; ".join(embedding.how for embedding in embeddings.values())
        logger.info(f"{layer.name}: {len(points.values)} points; {how}")
        file = trained.run.figures / f"embedding_{layer.name.replace('/', '-')}.png"
        panels = {f"PCA of {layer.name}": embeddings["pca"], f"t-SNE of {layer.name}": embeddings["tsne"]}
        draw_embedding(panels, points.labels, trained.shown_classes, file)


def draw_maps(trained: TrainedRun, settings: "AnalysisConfig") -> None:
    from analysis.feature_maps import draw_feature_maps

    graph, chosen = trained.graph, _chosen_layers(trained, settings)
    layers = [layer for layer in chosen if graph.is_map(layer)]
    if chosen and not layers:
        _check_is_map(trained, chosen[0])
    ends = [stage[-1] for stage in graph.stages if any(layer.layer.count_params() for layer in stage)]
    if not (layers or ends):
        problem = "Feature maps: this model has none, because its backbone is a vision transformer"
        if "maps" in settings.only:
            raise WorkError(problem)
        logger.warning(problem)
        return
    image = trained.images([0]).pixels[0]
    draw_feature_maps(graph, layers or ends, image, trained.run.figures / "feature_maps.png")


def _chosen_layers(trained: TrainedRun, settings: "AnalysisConfig") -> list["NamedLayer"]:
    return [trained.graph.find(name) for name in settings.layer]


def _check_is_map(trained: TrainedRun, layer: "NamedLayer") -> None:
    """Raises SettingError if the layer's output is not a feature map."""
    if not trained.graph.is_map(layer):
        from analysis.layers_table import shape_text

        shape = shape_text(trained.graph.shapes[layer.name])
        allowed = f"its output of shape {shape} is not a feature map, which has height, width and channels"
        raise SettingError(bad_setting("layer", layer.name, allowed))


def draw_gradcam(trained: TrainedRun, settings: "AnalysisConfig") -> None:
    import numpy as np

    from analysis.gradcam import Example

    if trained.kind == MULTILABEL:
        from analysis.label_gradcam import examples_by_label

        _draw_heat_maps(trained, settings, examples_by_label(trained))
        return
    validation = trained.validation
    predicted, probability = validation.probabilities.argmax(axis=1), validation.probabilities.max(axis=1)
    by_confidence = np.argsort(-probability, kind="stable")
    correct = by_confidence[validation.correct[by_confidence]][:GRADCAM_IMAGES]
    wrong = by_confidence[~validation.correct[by_confidence]][:GRADCAM_IMAGES]
    chosen = [*correct.tolist(), *wrong.tolist()]
    images = trained.images(chosen)
    examples = [
        Example(name, image, int(validation.labels[number]), int(predicted[number]), float(probability[number]))
        for number, name, image in zip(chosen, images.names, images.pixels, strict=True)
    ]
    _draw_heat_maps(trained, settings, examples)


def _draw_heat_maps(trained: TrainedRun, settings: "AnalysisConfig", examples: "Sequence[Example]") -> None:
    from analysis.gradcam import draw_heat_maps

    try:
        draw_heat_maps(trained.graph.model, examples, trained.shown_classes, trained.run.figures / "gradcam.png")
    except WorkError as error:
        if "gradcam" in settings.only:
            raise
        logger.warning(str(error))


def draw_layers(trained: TrainedRun, settings: "AnalysisConfig") -> None:
    from analysis.diagram import draw_diagram
    from analysis.layers_table import write_layers

    write_layers(trained.graph, trained.run.figures / "layers.csv")
    draw_diagram(trained.graph, trained.run.figures / "diagram.png")
