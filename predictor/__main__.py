"""`python -m predictor`: predicts images by a run and writes a CSV."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from command import run

if TYPE_CHECKING:
    from config import PredictorConfig


def main(settings: "PredictorConfig") -> Mapping[str, object]:
    from predictor.predict import predict

    return predict(settings)


if __name__ == "__main__":
    run("python -m predictor", "PredictorConfig", main)
