"""Settings of `python -m training.data_service`: each one has an effect in its role or is refused."""

import pytest

from config import DataServiceConfig
from distributed.data_service_server import check_settings, server_config
from distributed.loopback import is_loopback
from settings import SettingError
from tests.conftest import settings_of
from tests.test_settings import quick

CASES = {"dispatcher": ["--role", "dispatcher"], "worker": ["--role", "worker", "--dispatcher", "grpc://first:5050"]}

OTHER_VALUES = {
    "port": ["--port", "6000"],
    "dispatcher": ["--dispatcher", "grpc://second:5050"],
    "host": ["--host", "third"],
}
"""Flags that give each field another value than CASES and the defaults do."""

NOT_FOR_THE_SERVER = {
    "role": "decides which of the cases applies",
    "json": "the messages",
    "debug": "the messages",
    "config": "other settings",
}


def config_of(flags: list[str]) -> object:
    settings = settings_of(DataServiceConfig, *flags)
    check_settings(settings)
    return server_config(settings), is_loopback(settings.host)


@pytest.mark.parametrize("field", DataServiceConfig.model_fields)
@pytest.mark.parametrize("role", CASES)
def test_a_field_changes_the_server_or_is_refused(role, field):
    if field in NOT_FOR_THE_SERVER:
        return
    assert field in OTHER_VALUES, f"{field} is new: add a value to OTHER_VALUES, or its effect to NOT_FOR_THE_SERVER"
    try:
        changed = config_of([*CASES[role], *OTHER_VALUES[field]])
    except SettingError as error:
        assert f"{field} = " in str(error) and f"has no effect for a {role}" in str(error)
    else:
        assert changed != config_of(CASES[role]), f"{field} is accepted for a {role}, but has no effect"


def test_a_refusal_comes_before_tensorflow():
    done = quick("training.data_service", "--dispatcher", "grpc://gpu01:5050")
    assert done.code == 2 and "dispatcher = 'grpc://gpu01:5050': has no effect for a dispatcher" in done.err
    done = quick("training.data_service", "--role", "worker")
    assert done.code == 2 and "a worker needs its dispatcher" in done.err
