"""`python -m predictor`: a run and pictures in, a CSV of predictions out."""

from command import run


def main(settings) -> None:
    from predictor.predict import predict

    predict(settings)


if __name__ == "__main__":
    run("python -m predictor", "PredictorConfig", main)
