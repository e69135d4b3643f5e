from __future__ import annotations

import pytest

from nexuslims_logger.bootstrap_aside import Aside
from nexuslims_logger.errors import ConfigurationError


def test_the_value_is_handed_over() -> None:
    aside = Aside(lambda: 7)

    assert aside.wait(30)
    assert aside.done
    assert aside.result() == 7


def test_the_error_is_raised_where_it_is_asked_for() -> None:
    def fail() -> None:
        raise ConfigurationError("A setting is wrong", "Correct it.")

    aside = Aside(fail)

    assert aside.wait(30)
    with pytest.raises(ConfigurationError):
        aside.result()
