"""`python -m analysis NAME_OF_RUN`: draws a run's figures again and writes its page; `--compare A,B` for several."""

from analysis.analyse import analyse
from command import run


def main() -> None:
    run("python -m analysis", "AnalysisConfig", analyse)


if __name__ == "__main__":
    main()
