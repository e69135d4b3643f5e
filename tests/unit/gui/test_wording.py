from __future__ import annotations

import re
import string

import pytest

from nexuslims_logger.gui import dialog_wording, wording
from nexuslims_logger.gui.buttons import split_mnemonic


def _texts() -> list[str]:
    return [text for words in (wording, dialog_wording) for text in vars(words).values() if isinstance(text, str)]


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
        (wording.END, dialog_wording.PAUSE, wording.CANCEL),
        (dialog_wording.CONTINUE, dialog_wording.END_THEIRS),
        (dialog_wording.CONTINUE, dialog_wording.END_EARLIER),
        (
            dialog_wording.KEEP_WAITING,
            dialog_wording.IN_BACKGROUND,
            dialog_wording.LEAVE_FOR_LATER,
            dialog_wording.LEAVE_FILES_OUT,
        ),
        (dialog_wording.LEAVE_THEM_OUT, dialog_wording.BACK),
        (dialog_wording.CONFIRM_WHO, dialog_wording.LATER),
        (dialog_wording.CONFIRM_AND_END, dialog_wording.LATER),
        (dialog_wording.START_MINE, dialog_wording.START_MINE_QUIET, wording.CANCEL),
        (dialog_wording.TAKE_THIS, dialog_wording.TAKE_PREVIOUS, dialog_wording.LEAVE_ALONE, dialog_wording.LATER),
        (
            dialog_wording.TAKE_THIS,
            dialog_wording.TAKE_PREVIOUS,
            dialog_wording.LEAVE_ALONE,
            dialog_wording.END_WITHOUT,
        ),
        (dialog_wording.STILL_WORKING, dialog_wording.END_QUIET),
        (dialog_wording.CLOCK_RIGHT, dialog_wording.LATER),
        (wording.GO_ON, wording.CHANGE_USER),
        (wording.UNDO, wording.REDO, wording.CLOSE),
        (*dialog_wording.FILTER_FILES, dialog_wording.OPEN_FOLDER, wording.CLOSE),
        (*(words for words, _ in wording.FILTER_LOG), wording.SAVE_BUNDLE, wording.COPY, wording.CLOSE),
    ],
)
def test_buttons_that_stand_together_have_letters_of_their_own(together: tuple[str, ...]) -> None:
    letters = [text[place].lower() for text, place in map(split_mnemonic, together)]

    assert len(set(letters)) == len(together)
