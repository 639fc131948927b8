"""What `python -m analysis` draws of a run, part by part."""

import numpy as np

from analysis.subject import Subject
from predictor.pictures import evenly_spaced
from settings import SettingError, WorkError, bad_setting
from training.kinds import SEGMENTATION

OF_EACH = 6
"""Right and wrong images that Grad-CAM explains: the surest."""

IMAGES, IMAGES_WITH_MASKS = 500, 40
"""Of which features are embedded, unless the settings say how many."""


def draw_curves(subject: Subject, settings) -> None:
    from training.plots import draw_training

    draw_training(subject.run, subject.schedule())


def draw_evaluation(subject: Subject, settings) -> None:
    from analysis.evaluation import evaluate_run

    evaluate_run(subject)


def draw_embeddings(subject: Subject, settings) -> None:
    from analysis.embedding import draw_embedding, embed
    from analysis.points import points_of_images, points_of_pixels, usual_places

    is_segmentation = subject.kind is SEGMENTATION
    most = settings.images or (IMAGES_WITH_MASKS if is_segmentation else IMAGES)
    most = most if is_segmentation else min(most, settings.points)
    pictures = subject.pictures(evenly_spaced(len(subject.data.images("val")), most))
    graph = subject.graph
    for place in _chosen(subject, settings) or usual_places(graph, subject.kind):
        if is_segmentation:
            _check_map(subject, place.name)
            points = points_of_pixels(graph, place, pictures, settings.points, settings.batch_size, settings.seed)
        else:
            points = points_of_images(graph, place, pictures, settings.batch_size)
        panels = {name: embed(points.values, name, settings.seed) for name in ("pca", "tsne")}
        print(f"{place.name}: {len(points.values)} points; {'; '.join(one.how for one in panels.values())}")
        file = subject.run.figures / f"embedding_{place.name.replace('/', '-')}.png"
        titles = {"pca": f"PCA of {place.name}", "tsne": f"t-SNE of {place.name}"}
        panels = {titles[name]: embedding for name, embedding in panels.items()}
        draw_embedding(panels, points.labels, subject.data.classes, file)


def draw_maps(subject: Subject, settings) -> None:
    from analysis.feature_maps import draw_feature_maps

    graph, chosen = subject.graph, _chosen(subject, settings)
    places = [place for place in chosen if graph.is_map(place)]
    if chosen and not places:
        _check_map(subject, chosen[0].name)
    ends = [stage[-1] for stage in graph.stages if any(place.layer.count_params() for place in stage)]
    picture = subject.pictures([0]).values[0]
    draw_feature_maps(graph, places or ends, picture, subject.run.figures / "feature_maps.png")


def _chosen(subject: Subject, settings) -> list:
    return [subject.graph.find(name) for name in settings.layer]


def _check_map(subject: Subject, name: str) -> None:
    """Raises SettingError if the layer gives no maps."""
    if not subject.graph.is_map(subject.graph.find(name)):
        from analysis.layers_table import in_words

        shape = in_words(subject.graph.shapes[name])
        raise SettingError(
            bad_setting("layer", name, f"gives {shape} of a picture, and a map has height, width and channels")
        )


def draw_explanations(subject: Subject, settings) -> None:
    from analysis.gradcam import Example, draw_gradcam

    validation = subject.validation
    predicted, sure = validation.probabilities.argmax(axis=1), validation.probabilities.max(axis=1)
    surest = np.argsort(-sure, kind="stable")
    right, wrong = (surest[validation.right[surest] == is_right][:OF_EACH] for is_right in (True, False))
    chosen = [*right.tolist(), *wrong.tolist()]
    pictures = subject.pictures(chosen)
    examples = [
        Example(name, picture, validation.labels[number], predicted[number], sure[number])
        for number, name, picture in zip(chosen, pictures.names, pictures.values, strict=True)
    ]
    try:
        draw_gradcam(subject.graph.model, examples, subject.data.classes, subject.run.figures / "gradcam.png")
    except WorkError as error:
        if "gradcam" in settings.only:
            raise
        print(error)


def draw_layers(subject: Subject, settings) -> None:
    from analysis.diagram import draw_diagram
    from analysis.layers_table import write_layers

    write_layers(subject.graph, subject.run.figures / "layers.csv")
    draw_diagram(subject.graph, subject.run.figures / "diagram.png")
