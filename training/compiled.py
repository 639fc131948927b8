"""The compiled model of a training, and the part of it that is trained in a stage."""

from collections.abc import Callable

import keras
import tensorflow as tf

from layers.saved import load_saved_model
from training.batches import Datasets
from training.feature_cache import FeatureCache
from training.freezing import backbone_of
from training.job import Objective, TrainingJob
from training.optimizers import learning_rate_shares, make_optimizer
from training.session import Session
from training.stages import Stage
from training.strategy import adapt_to_workers, check_batch_size, dtype_policy, make_strategy


def build_or_load_model(session: Session, job: TrainingJob) -> tuple[tf.distribute.Strategy, keras.Model]:
    """The strategy, and the compiled model: a new one, or that of the checkpoint to resume from."""
    settings = session.settings
    keras.utils.set_random_seed(settings.seed)
    strategy = make_strategy(settings.strategy, session.cluster)
    for stage in session.stages:
        check_batch_size(strategy, stage.batch_size)
    with strategy.scope(), dtype_policy(settings.mixed_precision):
        if session.progress.checkpoint:
            model = load_saved_model(session.progress.checkpoint, compiled=True)
        else:
            model = job.build()
            compile_model(model, session, job.objective)
        return strategy, adapt_to_workers(model, strategy)


def compile_model(model: keras.Model, session: Session, objective: Objective) -> None:
    """Compiles the model with a new optimizer."""
    supervised = session.supervised
    shares = learning_rate_shares(model, supervised.backbone_rate, supervised.layer_decay) if supervised else []
    model.compile(make_optimizer(session.settings, shares), loss=objective.loss(), metrics=objective.metrics())
    model.optimizer.build(model.trainable_variables)  # if it were built in the first step, that would be traced twice


def model_and_data_for_stage(
    model: keras.Model,
    session: Session,
    job: TrainingJob,
    stage: Stage,
    after_batch: Callable[[], None] = lambda: None,
) -> tuple[keras.Model, Datasets]:
    """The model to train in a stage and its datasets: the complete model, or only the layers behind a frozen backbone.

    Both share their weights and the optimizer. `after_batch` is called after each batch of features is computed.
    """
    settings, trained, datasets = session.settings, model, job.datasets
    if job.feature_datasets and session.spec and stage.frozen == session.spec.layers:
        extractor, trained = split_at_backbone(model)
        trained.compile(model.optimizer, job.objective.loss(), metrics=job.objective.metrics())
        datasets = job.feature_datasets(FeatureCache(extractor, session.run.cache, after_batch))
    trained.steps_per_execution = 1 if settings.find_lr else settings.steps_per_execution
    if settings.jit:
        trained.jit_compile = True
    return trained, datasets


def split_at_backbone(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Two models that share the layers of `model`: images -> features, and features -> logits.

    The features are the input of the first layer behind the backbone that has variables: everything before it is
    neither trained nor random while the backbone is frozen.
    """
    behind = model.layers[model.layers.index(backbone_of(model)) + 1 :]
    features = next(layer for layer in behind if layer.variables).input
    return keras.Model(model.input, features), keras.Model(features, model.output)
