"""The analysis in this process."""

from collections.abc import Mapping

from analysis.analyse import analyse
from config import AnalysisConfig
from tests.conftest import settings_of


def analyse_here(*flags: object) -> Mapping[str, object]:
    """`python -m analysis` in this process."""
    return analyse(settings_of(AnalysisConfig, *flags))
