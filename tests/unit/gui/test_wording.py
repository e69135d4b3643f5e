from __future__ import annotations

import re
import string
from datetime import UTC, datetime, timedelta, timezone

import pytest

from nexuslims_logger.gui import wording
from nexuslims_logger.gui.buttons import split_mnemonic


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1 kB"),
        (84_200_000, "84.2 MB"),
        (3_400_000_000, "3.4 GB"),
        (9_000_000_000_000, "9.0 TB"),
    ],
)
def test_sizes_are_said_as_people_say_them(count: int, text: str) -> None:
    assert wording.size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (59, "59 s"), (120, "2 min"), (5400, "1.5 h"), (3 * 86400, "3 days")],
)
def test_lengths_of_time_are_said_roughly(seconds: float, text: str) -> None:
    assert wording.duration(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(5025, "01:23:45"), (-3, "00:00:00"), (360_000, "100:00:00")])
def test_a_running_time_is_shown_as_a_clock_does(seconds: float, text: str) -> None:
    assert wording.elapsed(seconds) == text


def test_a_time_of_another_day_has_its_date() -> None:
    now = datetime(2026, 11, 23, 14, 52, 10, tzinfo=UTC)

    assert wording.moment(now, now, UTC) == "14:52"
    assert wording.moment(now - timedelta(days=1), now, UTC) == "2026-11-22 14:52"
    assert wording.second(now, now, UTC) == "14:52:10"


def test_a_time_is_shown_in_the_zone_of_the_pc() -> None:
    now = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    east = timezone(timedelta(hours=2))

    assert wording.moment(now, now, east) == "01:30"
    assert wording.moment(now - timedelta(hours=2), now, east) == "2026-11-23 23:30"


def _texts() -> list[str]:
    return [text for text in vars(wording).values() if isinstance(text, str)]


def test_no_text_has_a_broken_placeholder() -> None:
    for text in _texts():
        names = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
        assert all(re.fullmatch(r"[a-z_]+", name) for name in names), text


@pytest.mark.parametrize(
    "together",
    [
        *(
            (wording.END, wording.NOTE, wording.FILES, wording.CHANGE_USER, wording.SYNC_NOW, wording.LOG, question)
            for question in (wording.ENTER_NAME, wording.SAY_WHOSE, wording.ANSWER)
        ),
        (wording.TRY_AGAIN, wording.COPY, wording.LOG, wording.CLOSE),
        (wording.LEAVE, wording.FILES, wording.NEXT_SESSION, wording.SYNC_NOW, wording.LOG, wording.ANSWER),
        (wording.CLOSE, wording.FILES, wording.NEXT_SESSION, wording.COPY, wording.LOG, wording.ANSWER),
        (wording.END, wording.PAUSE, wording.CANCEL),
        (wording.CONTINUE, wording.END_THEIRS),
        (wording.CONTINUE, wording.END_EARLIER),
        (wording.KEEP_WAITING, wording.IN_BACKGROUND, wording.LEAVE_FOR_LATER, wording.LEAVE_FILES_OUT),
        (wording.LEAVE_THEM_OUT, wording.BACK),
        (wording.CONFIRM_WHO, wording.LATER),
        (wording.CONFIRM_AND_END, wording.LATER),
        (wording.START_MINE, wording.START_MINE_QUIET, wording.CANCEL),
        (wording.TAKE_THIS, wording.TAKE_PREVIOUS, wording.LEAVE_ALONE, wording.LATER),
        (wording.TAKE_THIS, wording.TAKE_PREVIOUS, wording.LEAVE_ALONE, wording.END_WITHOUT),
        (wording.STILL_WORKING, wording.END_QUIET),
        (wording.CLOCK_RIGHT, wording.LATER),
        (wording.GO_ON, wording.CHANGE_USER),
        (wording.UNDO, wording.REDO, wording.CLOSE),
        (*wording.FILTER_FILES, wording.OPEN_FOLDER, wording.CLOSE),
        (*(words for words, _ in wording.FILTER_LOG), wording.SAVE_BUNDLE, wording.COPY, wording.CLOSE),
    ],
)
def test_buttons_that_stand_together_have_letters_of_their_own(together: tuple[str, ...]) -> None:
    letters = [text[place].lower() for text, place in map(split_mnemonic, together)]

    assert len(set(letters)) == len(together)
