"""Benchmarks of speed and memory against other programs.

Every module here with a function `comparisons(settings)`, and without an underscore at the start of its name, is a
benchmark. `python -m benchmarks LIST` shows all.
"""

import installation  # noqa: F401  it refuses to start where something is in the way
