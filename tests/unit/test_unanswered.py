from __future__ import annotations

from nexuslims_logger.unanswered import MOST_DEATHS, Unanswered


def test_what_kills_again_and_again_is_given_up_and_the_rest_stays() -> None:
    waiting = Unanswered()
    waiting.extend([b"poison", b"other"])

    assert [waiting.died() for _ in range(MOST_DEATHS)] == [None, None, b"poison"]
    assert list(waiting) == [b"other"]


def test_deaths_by_different_messages_are_no_reason() -> None:
    waiting = Unanswered()
    waiting.extend([b"first", b"second"])
    waiting.died()
    waiting.died()
    waiting.popleft()

    assert waiting.died() is None
    assert list(waiting) == [b"second"]
    waiting.clear()
    assert waiting.died() is None
