"""What a file contains cannot command a terminal; a time is shown in units that fit it."""

import io
import logging
import sys

from log import duration, log_to, logger, logging_to_screen, visible

HOSTILE = "a\x1b]0;PWNED\x07b\x7f\x9b31mc\u202egnp.exe\u2066\r\udce9"
SHOWN = r"a\x1b]0;PWNED\x07b\x7f\x9b31mc\u202egnp.exe\u2066\x0d\udce9"


def test_control_characters_are_shown(capsys, tmp_path):
    with logging_to_screen():
        logger.info(HOSTILE)
        logger.warning("two\nlines\t" + HOSTILE)
        log_to(tmp_path / "train.log")
        logger.error(HOSTILE)
    out, err = capsys.readouterr()
    assert out == f"{SHOWN}\n"
    assert err == f"two\nlines\t{SHOWN}\n{SHOWN}\n"
    assert (tmp_path / "train.log").read_text(encoding="utf-8").count(SHOWN) == 3
    assert visible("été, 猫 \U0001f431") == "été, 猫 \U0001f431", "letters of all kinds stay"


def test_a_terminal_of_another_encoding(monkeypatch):
    screen = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", screen)
    with logging_to_screen():
        logging.getLogger("scenelab").info("été")
        screen.flush()
        assert screen.buffer.getvalue() == b"\\xe9t\\xe9\n"


def test_a_duration_is_shown_in_units_that_fit_it():
    shown = {0: "0.0 s", 3.21: "3.2 s", 9.97: "10 s", 45: "45 s", 59.6: "1 min 0 s", 200: "3 min 20 s"}
    shown |= {3599.7: "1 h 0 min", 7500: "2 h 5 min"}
    assert {seconds: duration(seconds) for seconds in shown} == shown
