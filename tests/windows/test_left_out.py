"""What is left out on Windows is still there: a reason outlives its test otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.windows.left_out import LEFT_OUT, reason_for

TOP = Path(__file__).parents[2]


@pytest.mark.parametrize("left_out", LEFT_OUT)
def test_the_test_exists(left_out: str) -> None:
    file, _, name = left_out.partition("::")
    text = (TOP / file).read_text(encoding="utf-8")
    assert f"def {name.partition('[')[0]}" in text


def test_a_test_is_left_out_with_its_parameters_and_no_other() -> None:
    named = "tests/gui/test_demo.py"
    assert reason_for(named) == reason_for(f"{named}::test_any[x]") == LEFT_OUT[named]
    assert reason_for("tests/gui/test_demo.pyx") is None
