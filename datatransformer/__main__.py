"""`python -m datatransformer`: raw pictures and their labels in, a data folder for training out."""

from command import run


def main(settings) -> None:
    from datatransformer.transformer import DataTransformer

    DataTransformer(settings).run()


if __name__ == "__main__":
    run("python -m datatransformer", "DataTransformerConfig", main)
