"""The image backbones of KerasHub as feature extractors of a classifier, which save and load as one layer.

What a classifier sees of each family, always as a map (batch, height, width, channels) whose mean over the pixels is
taken:

- convolutional networks, MiT and ViTDet: the last feature map;
- ViT, DeiT, DINOv3, CLIP, MetaCLIP 2: the class token, as their published classifiers do, a map of one pixel;
- DINOv2: the class token joined with the mean of the patch tokens, as its classifier in transformers;
- SigLIP: the vector of its attention pooling, a map of one pixel;
- Swin, and a ViT without class token: all tokens as one row of pixels, whose mean is taken as in their classifiers.
"""

import json
from collections.abc import Sequence
from typing import Any

import keras

from layers.batch_norm import replace_batch_norm
from layers.keras_private import flatten_layers, layer_and_output


@keras.saving.register_keras_serializable("scenelab")
class PresetBackbone(keras.Model):
    """Normalised images (batch, height, width, 3) -> features (batch, height, width, channels).

    Its layers are those of a KerasHub backbone and, for tokens, a few behind them. It is saved by the configuration of
    that backbone, because many of KerasHub's layers cannot be saved by their own.

    Arguments:
        encoder: the backbone of KerasHub, with one input.
        maps: feature maps that are outputs too, before the features: the number of a layer of `encoder`, and which of
            its outputs.

    Attributes:
        pyramid: the feature maps that KerasHub names, from the finest to the coarsest; empty for tokens.
    """

    def __init__(self, encoder: keras.Model, maps: Sequence[tuple[int, int]] = (), **kwargs: Any) -> None:
        tensors = [keras.tree.flatten(encoder.layers[number].output)[index] for number, index in maps]
        outputs = [*tensors, features(encoder)]
        super().__init__(inputs=encoder.inputs[0], outputs=outputs if maps else outputs[0], **kwargs)
        self.encoder_config = json.dumps(keras.saving.serialize_keras_object(encoder))
        self.maps = json.dumps(list(maps))
        self.pyramid = feature_maps(encoder)

        def with_maps(tensors: Sequence[keras.KerasTensor]) -> PresetBackbone:
            """A model with the same weights, and with these tensors of it as further outputs."""
            number_of = {id(layer): number for number, layer in enumerate(encoder.layers)}
            found = [layer_and_output(tensor) for tensor in tensors]
            return PresetBackbone(encoder, [(number_of[id(layer)], index) for layer, index in found], name=self.name)

        self.with_maps = with_maps  # a method would need `encoder` as an attribute, which Keras would save as a layer

    def get_config(self) -> dict[str, Any]:
        """`norm` names the class of batch norm, which `choose_batch_norm` may have replaced, as Keras names classes."""
        norms = {type(layer) for layer in flatten_layers(self) if isinstance(layer, keras.layers.BatchNormalization)}
        own = [keras.saving.get_registered_name(one) for one in norms - {keras.layers.BatchNormalization}]
        return {
            "name": self.name,
            "encoder": json.loads(self.encoder_config),
            "maps": json.loads(self.maps),
            "frozen": [number for number, layer in enumerate(self.layers) if not layer.trainable],
            "norm": {"registered_name": own[0]} if own else None,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "PresetBackbone":
        import keras_hub  # noqa: F401  it registers its classes with Keras

        model = cls(keras.saving.deserialize_keras_object(config["encoder"]), config["maps"], name=config["name"])
        for number in config["frozen"]:
            model.layers[number].trainable = False
        if config["norm"]:
            replace_batch_norm(model, keras.saving.get_registered_object(config["norm"]["registered_name"]))
        return model


def features(encoder: keras.Model) -> keras.KerasTensor:
    """The features of a KerasHub backbone, (batch, height, width, channels)."""
    kind, output = type(encoder).__name__, encoder.output
    if kind == "HGNetV2Backbone":
        return output[encoder.out_features[-1]]
    if isinstance(output, dict):  # CLIP can give the output of an earlier layer too
        output = output["sequence_output"]
    if len(output.shape) == 4:
        return output
    channels = output.shape[-1]
    if kind == "SigLIPVisionEncoder":
        return keras.layers.Reshape((1, 1, channels), name="features")(output)
    tokens = output.shape[1]
    if kind == "SwinTransformerBackbone" or not getattr(encoder, "use_class_token", True):
        return keras.layers.Reshape((1, tokens, channels), name="features")(output)
    x = keras.layers.Cropping1D((0, tokens - 1), name="class_token")(output)
    x = keras.layers.Reshape((channels,), name="class_features")(x)
    if kind == "DINOV2Backbone":
        patches = keras.layers.Cropping1D((1 + encoder.num_register_tokens, 0), name="patch_tokens")(output)
        mean = keras.layers.GlobalAveragePooling1D(name="patch_mean")(patches)
        x = keras.layers.Concatenate(name="class_and_patches")([x, mean])
    return keras.layers.Reshape((1, 1, x.shape[-1]), name="features")(x)


def feature_maps(encoder: keras.Model) -> list[keras.KerasTensor]:
    """The feature maps that a KerasHub backbone names, from the finest to the coarsest; empty for tokens."""
    if type(encoder).__name__ == "HGNetV2Backbone":
        maps = [encoder.output[name] for name in encoder.out_features]
    else:
        maps = list(getattr(encoder, "pyramid_outputs", {}).values())
    return [one for one in maps if len(one.shape) == 4]
