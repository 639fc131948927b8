"""A short campaign of damaged files: none is read wrongly or with an unforeseen error."""

from tests.campaign.files import make_files
from tests.campaign.mutations import outcomes


def test_damaged_files_are_refused_by_name_or_read_as_before(tmp_path):
    found = outcomes(make_files(tmp_path), 200, 1, lambda reading: "keras" not in reading.file)
    assert len(found) == 200 and sum(outcome.kind == "refused" for outcome in found) > 60
    assert not [outcome for outcome in found if outcome.kind == "failed"]
