"""`python -m analysis RUN` draws the figures and the report of a run; `--compare A,B` compares several runs."""

from analysis.analyse import analyse
from command import run


def main() -> None:
    run("python -m analysis", "AnalysisConfig", analyse)


if __name__ == "__main__":
    main()
