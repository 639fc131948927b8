"""Layers of nested models: their outputs, their names, and the stages of their feature maps."""

import keras
import numpy as np
import pytest

from analysis.diagram import blocks_of, draw_diagram, skip_connections
from analysis.features import encoder_end_and_middle_of_decoder, masks_at_map_size, pixel_features
from analysis.gradcam import GradCam
from analysis.graph import Graph
from analysis.layers_table import layer_rows
from layers.shapes import PadToMultiple
from settings import SettingError

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 16, 24, 3)).astype(np.uint8)


def small_u_net() -> keras.Model:
    """Pads to 16x32; a nested encoder 16x32 -> 8x16 -> 4x8; a decoder to 8x16 with a skip connection."""
    layers = keras.layers
    image = keras.Input((None, None, 3), name="encoder_image")
    fine = layers.Conv2D(4, 3, 2, "same", activation="relu", name="fine")(image)
    coarse = layers.Conv2D(6, 3, 2, "same", activation="relu", name="coarse")(fine)
    encoder = keras.Model(image, [fine, coarse], name="encoder")
    inputs = keras.Input((None, None, 3), name="image")
    fine, coarse = encoder(PadToMultiple(16, name="pad")(inputs))
    up = layers.UpSampling2D(2, name="up")(coarse)
    joined = layers.Concatenate(name="join")([up, fine])
    return keras.Model(inputs, layers.Conv2D(2, 1, name="logits")(joined), name="segmenter")


@pytest.fixture(scope="module")
def graph() -> Graph:
    keras.utils.set_random_seed(0)
    return Graph(small_u_net(), (16, 24))


def test_layers_of_a_nested_model_have_the_outputs_of_that_model(graph):
    names = [layer.name for layer in graph.layers]
    assert names == ["image", "pad", "encoder/encoder_image", "encoder/fine", "encoder/coarse", "up", "join", "logits"]
    padded = graph.model.get_layer("pad")(IMAGES.astype(np.float32))
    fine, coarse = graph.model.get_layer("encoder")(padded)
    for name, expected in (("encoder/fine", fine), ("coarse", coarse), ("logits", graph.model(IMAGES))):
        given = np.concatenate(list(graph.outputs(graph.find(name), IMAGES, 2)))
        np.testing.assert_allclose(given, expected, rtol=1e-4, atol=1e-3)
    assert graph.shapes["encoder/coarse"] == (4, 8, 6) and graph.shapes["pad"] == (16, 32, 3)


def test_the_error_for_an_unknown_layer_names_similar_layers(graph):
    with pytest.raises(SettingError, match=r"no such layer; similar names are encoder/coarse"):
        graph.find("corse")
    again = keras.Model(graph.model.inputs[0], graph.model.get_layer("encoder")(graph.model.inputs[0]))
    assert Graph(again, (16, 16)).find("fine").name == "encoder/fine"


def test_stages_blocks_and_skip_connections(graph, tmp_path):
    assert [[layer.name for layer in stage] for stage in graph.stages] == [
        ["pad"], ["encoder/fine"], ["encoder/coarse"], ["up", "join", "logits"],
    ]  # fmt: skip
    blocks = blocks_of(graph)
    assert [block.shape for block in blocks] == [(16, 32, 3), (8, 16, 4), (4, 8, 6), (8, 16, 2)]
    assert skip_connections(blocks) == [(1, 3)]
    draw_diagram(graph, tmp_path / "diagram.png")
    assert (tmp_path / "diagram.csv").read_text().splitlines()[-1] == "3,logits,8x16x2,3,22,22,1"
    assert sum(layer.parameters for layer in layer_rows(graph)) == graph.model.count_params()


def test_layers_of_parallel_branches_are_merged_into_their_stages():
    inputs = keras.Input((16, 16, 3))
    one = keras.layers.Conv2D(2, 3, 2, "same", name="a1")(keras.layers.Conv2D(2, 1, name="a0")(inputs))
    two = keras.layers.Conv2D(2, 3, 2, "same", name="b1")(keras.layers.Conv2D(2, 1, name="b0")(inputs))
    graph = Graph(keras.Model(inputs, keras.layers.Concatenate()([one, two])), (16, 16))
    assert [len(stage) for stage in graph.stages] == [2, 3]


def test_pixels_are_chosen_by_class_and_never_void(graph):
    labels = np.zeros((3, 16, 24), np.uint8)
    labels[:, 8:, :8], labels[0, :8, 16:] = 1, 255
    layer = graph.find("fine")
    masks = masks_at_map_size(graph, layer, labels)
    assert masks.shape == (3, 8, 16)
    assert (masks[:, :, 12:] == 255).all(), "padding is void"
    assert (masks[1, 4:, :4] == 1).all() and (masks[1, :4, :12] == 0).all() and (masks[0, :4, 8:] == 255).all()
    points = pixel_features(graph, layer, IMAGES, labels, 60, 2)
    assert np.bincount(points.labels).tolist() == [30, 30] and points.values.shape == (60, 4)
    given = np.concatenate(list(graph.outputs(layer, IMAGES, 3)))
    for label in (0, 1):
        of_class = {tuple(value) for value in given[masks == label].round(3).tolist()}
        assert {tuple(value) for value in points.values[points.labels == label].round(3).tolist()} <= of_class
    assert [layer.name for layer in encoder_end_and_middle_of_decoder(graph)] == ["encoder/coarse", "logits"]


@pytest.mark.parametrize("trainable", [True, False])
def test_grad_cam_by_hand(trainable):
    """Maps a and b, logits 2 mean(a) - mean(b) and mean(b): equation 1 gives the weights 2/n, -1/n and 0, 1/n."""
    image = keras.Input((4, 4, 3))
    maps = keras.layers.Conv2D(2, 1, use_bias=False, name="maps")(image)
    backbone = keras.Model(image, maps, name="backbone")
    inputs = keras.Input((4, 4, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(backbone(inputs))
    model = keras.Model(inputs, keras.layers.Dense(2, use_bias=False, name="logits")(pooled))
    backbone.get_layer("maps").set_weights([np.array([[1, 0], [0, 1], [0, 0]], np.float32)[None, None]])
    model.get_layer("logits").set_weights([np.array([[2, 0], [-1, 1]], np.float32)])
    model.trainable = trainable
    images = np.random.default_rng(0).uniform(0, 255, (2, 4, 4, 3)).astype(np.float32)
    a, b = images[..., 0], images[..., 1]
    heat = GradCam(model).heat(images, np.array([0, 1]))
    for found, weighted in ((heat[0], np.maximum(2 * a[0] - b[0], 0)), (heat[1], b[1])):
        np.testing.assert_allclose(found, weighted / weighted.max(), rtol=1e-4, atol=1e-5)
