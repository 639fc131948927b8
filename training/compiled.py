"""The model of a training on its devices, compiled, and what of it is trained in a stage."""

from collections.abc import Callable

import keras
import tensorflow as tf

from layers.saved import load_saved_model
from training.batches import Batches
from training.feature_cache import Features
from training.freezing import backbone_of
from training.job import Objective, TrainingJob
from training.optimizers import learning_shares, make_optimizer
from training.session import Session
from training.stages import Stage
from training.strategy import check_batch_size, fit_for_many, make_strategy, precision


def open_model(session: Session, job: TrainingJob) -> tuple[tf.distribute.Strategy, keras.Model]:
    """The devices, and on them the compiled model: a new one, or that of the checkpoint to go on from."""
    settings = session.settings
    keras.utils.set_random_seed(settings.seed)
    strategy = make_strategy(settings.strategy, session.cluster)
    for stage in session.stages:
        check_batch_size(strategy, stage.batch_size)
    with strategy.scope(), precision(settings.mixed_precision):
        if session.progress.checkpoint:
            model = load_saved_model(session.progress.checkpoint, compiled=True)
        else:
            model = job.build()
            compile_model(model, session, job.objective)
        return strategy, fit_for_many(model, strategy)


def compile_model(model: keras.Model, session: Session, objective: Objective) -> None:
    settings = session.settings
    shares = learning_shares(model, settings.backbone_rate, settings.layer_decay) if session.spec else []
    model.compile(make_optimizer(settings, shares), loss=objective.loss(), metrics=objective.metrics())
    model.optimizer.build(model.trainable_variables)  # made within the first step they would have it traced twice


def model_and_data_for_stage(
    model: keras.Model,
    session: Session,
    job: TrainingJob,
    stage: Stage,
    after_batch: Callable[[], None] = lambda: None,
) -> tuple[keras.Model, Batches]:
    """What is trained in a stage, and on what: the model, or what of it stands behind a frozen backbone.

    Both have the same weights and the same optimizer. `after_batch` is called while features are computed.
    """
    settings, learner, batches = session.settings, model, job.batches
    if job.feature_batches and stage.frozen == session.spec.layers:
        extractor, learner = split_at_backbone(model)
        learner.compile(model.optimizer, job.objective.loss(), metrics=job.objective.metrics())
        batches = job.feature_batches(Features(extractor, session.run.cache, after_batch))
    learner.steps_per_execution = 1 if settings.find_lr else settings.steps_per_execution
    if settings.jit:
        learner.jit_compile = True
    return learner, batches


def split_at_backbone(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Pictures -> features, and features -> logits: two models of the same layers and weights as `model`.

    They part as far from the picture as nothing before it learns or is random once the backbone is frozen.
    """
    behind = model.layers[model.layers.index(backbone_of(model)) + 1 :]
    features = next(layer for layer in behind if layer.variables).input
    return keras.Model(model.input, features), keras.Model(features, model.output)
