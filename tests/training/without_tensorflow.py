"""Runs a command, `MODULE FLAGS`, in which `import tensorflow` and `import keras` fail."""

import runpy
import sys

sys.modules["tensorflow"] = sys.modules["keras"] = None  # type: ignore[assignment]  # imports of None fail
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__")
