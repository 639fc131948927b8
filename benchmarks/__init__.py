"""How fast, how large, against what. A module here whose name begins with no underscore and that has a function
`comparisons(settings)` is a benchmark; `python -m benchmarks LIST` shows them.
"""
