"""The flow of a prediction: find the runs, list the pictures, go on where it stopped, write a row each."""

import sys
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice

from tqdm import tqdm

from command import import_tensorflow
from datatransformer.layout import DataFolder, read_data_folder
from datatransformer.lock import only_here
from predictor.members import Member, find_members
from predictor.output import Output
from predictor.pictures import Picture, pictures
from predictor.ranks import TOP, Ranks
from settings import SettingError, fault


def predict(settings) -> None:
    """Raises SettingError or WorkError if nothing can be predicted; a picture that cannot be read is listed."""
    if not settings.output.name:
        raise SettingError(fault("output", settings.output, "should be the name of a CSV file"))
    if settings.policy != "mean" and len(settings.run) < 2:
        raise SettingError(fault("policy", settings.policy, "combines several runs; name them as --run A,B"))
    members = find_members(settings.runs, settings.run, settings.tta)
    data = _data_to_evaluate(settings, members[0]) if settings.evaluate else None
    with only_here(settings.output):
        ranks = _ranks(settings, members[0].classes)
        output = _predict(settings, members, ranks, data)
        if data:
            from predictor.evaluation import evaluate

            evaluate(output, ranks, data)


def _ranks(settings, classes: tuple[str, ...]) -> Ranks:
    """An evaluation needs more of them than may be asked for."""
    if settings.top_k > len(classes):
        raise SettingError(fault("top_k", settings.top_k, f"the run knows {len(classes)} classes"))
    least = min(max(TOP), len(classes)) if settings.evaluate else 1
    return Ranks(classes, max(settings.top_k, least))


def _data_to_evaluate(settings, member: Member) -> DataFolder:
    if "test_images" in settings.model_fields_set:
        raise SettingError(fault("test_images", settings.test_images, "evaluate says which pictures; name one of them"))
    try:
        data = read_data_folder(settings.evaluate, "classification")
    except SettingError as error:
        raise SettingError(*(reason.replace("data =", "evaluate =", 1) for reason in error.faults)) from error
    if data.classes != member.classes:
        raise SettingError(fault("evaluate", data.path, f"has other classes than {member.run.path}"))
    return data


def _predict(settings, members: list[Member], ranks: Ranks, data: DataFolder | None) -> Output:
    output = Output(settings.output, ranks.columns)
    if data:
        from predictor.validation import validation_pictures

        listed = partial(validation_pictures, data)
    else:
        listed = partial(pictures, settings.test_images, (output.path, output.rejected))
    total = sum(1 for _ in listed())
    output.begin(_made_with(settings, members, ranks.top_k), settings.overwrite)
    done = _done(settings, output, listed, total)
    if done == total:
        print(f"{output.path} is whole: {total} pictures were predicted before. --overwrite predicts them again.")
    else:
        if done:
            print(f"Going on after {done} of {total} pictures.")
        _predict_rest(settings, members, ranks, output, islice(listed(), done, None), done, total)
        by = ", ".join(str(member.run.path) for member in members)
        print(f"{output.path}: {total - output.count_rejected()} pictures predicted by {by}")
    if rejected := output.count_rejected():
        print(f"{rejected} of {total} pictures could not be read; {output.rejected} says why.", file=sys.stderr)
    return output


def _done(settings, output: Output, listed: Callable[[], Iterable[Picture]], total: int) -> int:
    """How many pictures have their row. With `overwrite` whole work begins anew; interrupted work still goes on."""
    try:
        done = output.done(listed())
    except SettingError:
        if not settings.overwrite:
            raise
        done = total
    if settings.overwrite and done == total:
        output.clear()
        return 0
    return done


def _made_with(settings, members: list[Member], top_k: int) -> dict:
    """What the rows depend on. A checkpoint that has changed makes other rows."""
    checkpoints = [member.run.best for member in members]
    return {
        "checkpoints": [str(path.resolve()) for path in checkpoints],
        "written": [[path.stat().st_size, path.stat().st_mtime_ns] for path in checkpoints],
        "test_images": str(settings.evaluate.resolve()) if settings.evaluate else settings.test_images,
        "tta": settings.tta,
        "policy": settings.policy,
        "top_k": top_k,
    }


def _predict_rest(
    settings, members: list[Member], ranks: Ranks, output: Output, rest: Iterable[Picture], done: int, total: int
) -> None:
    import_tensorflow()
    from predictor.flow import predictions
    from predictor.policies import FROM_VALIDATION, combine, policy_weights
    from predictor.validation import validate

    validations = [validate(member, settings.tta) for member in members] if settings.policy in FROM_VALIDATION else []
    weights = policy_weights(settings.policy, validations)
    bar = partial(tqdm, desc="predicting", total=total, initial=done, unit=" images", disable=None)
    with output:
        for names, of_members in predictions(
            members, rest, settings.tta, settings.batch_size, settings.workers, output.reject, bar
        ):
            output.add(names, ranks.rows(combine(settings.policy, of_members, weights)))
