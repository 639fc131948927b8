"""Warnings of pictures that a data folder has more than once: in several splits, or with different labels."""

from datatransformer.report import Report
from datatransformer.temporary_database import TemporaryDatabase

PLACED = "SELECT place, split, class_name || labels AS label, digest FROM with_split WHERE place != '' AND digest != ''"
EQUAL = f"""
    SELECT count(*), min(first), last FROM (
        SELECT min(place) AS first, max(place) AS last
        FROM (SELECT *, substr(digest, 1, instr(digest || '.', '.') - 1) AS picture FROM ({PLACED}))
        WHERE picture LIKE 'x%' GROUP BY picture HAVING count(DISTINCT {{}}) > 1
    )
"""
"""Only digests of whole files count. Of the places that a picture has, the first and the last."""

KINDS = (
    ("split", "in different splits, so that scores on them are too high"),
    ("label", "with different labels"),
)


def warn_of_equal_pictures(table: TemporaryDatabase, report: Report) -> None:
    """`table`: the database of the ledger."""
    for column, what in KINDS:
        count, first, last = table(EQUAL.format(column)).fetchone()
        if count:
            are = "1 picture is" if count == 1 else f"{count:,} pictures are"
            report.warn(f"{are} there more than once, {what}, such as {first} and {last}")
