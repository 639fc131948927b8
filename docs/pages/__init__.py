"""The pages of docs that `docs/generate.py` writes, a module each."""
