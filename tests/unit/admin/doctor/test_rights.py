from __future__ import annotations

import pytest

from nexuslims_logger.admin.doctor.rights import Held, held_in, missing, surplus
from nexuslims_logger.db.grants import Role, grants

#: As the servers print them: without the semicolon, behind the login's own line.
USAGE = "GRANT USAGE ON *.* TO `pc1`@`%` IDENTIFIED BY PASSWORD '*ABC'"
EXACT = (USAGE, *(line.removesuffix(";") for line in grants(Role.LOGGER, "pc1", "nx_lab")))


def judged(*lines: str, schema: str = "nx_lab") -> tuple[list[str], list[str]]:
    privileges, _ = held_in(lines)
    return list(missing(privileges, schema)), list(surplus(privileges, schema))


def test_what_db_grants_prints_is_neither_too_little_nor_too_much() -> None:
    assert judged(*EXACT) == ([], [])


def test_nothing_is_far_too_little() -> None:
    lacking, beyond = judged(USAGE)

    assert "SELECT on instruments" in lacking
    assert "INSERT on session_log" in lacking
    assert any(right.startswith("UPDATE (end_reason, ") and right.endswith(" on session_log") for right in lacking)
    assert beyond == []


def test_each_right_is_missed() -> None:
    for line in EXACT[1:]:
        others = [other for other in EXACT if other != line]
        lacking, beyond = judged(*others)
        table = line.split("`.`")[1].split("`")[0]
        assert lacking, line
        assert all(right.endswith(f" on {table}") for right in lacking)
        assert beyond == []


def test_one_column_is_missed() -> None:
    (line,) = [line for line in EXACT if "`session_log`" in line]

    lacking, _ = judged(*(other.replace("`record_status`, ", "") for other in EXACT))

    assert "`record_status`, " in line
    assert lacking == ["UPDATE (record_status) on session_log"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("GRANT ALL PRIVILEGES ON *.* TO `pc1`@`%` WITH GRANT OPTION",
         ["ALL PRIVILEGES on *.*", "GRANT OPTION on *.*"]),
        ("GRANT DELETE ON `nx_lab`.`session_log` TO `pc1`@`%`", ["DELETE on nx_lab.session_log"]),
        ("GRANT UPDATE ON `nx_lab`.`session_log` TO `pc1`@`%`", ["UPDATE of every column on session_log"]),
        ("GRANT UPDATE (`user`) ON `nx_lab`.`session_log` TO `pc1`@`%`", ["UPDATE (user) on session_log"]),
        ("GRANT SELECT ON `payroll`.* TO `pc1`@`%`", ["SELECT on payroll.*"]),
        ("GRANT CREATE TEMPORARY TABLES, DROP ON `nx_lab`.* TO `pc1`@`%`",
         ["CREATE TEMPORARY TABLES on nx_lab.*", "DROP on nx_lab.*"]),
        ("GRANT INSERT ON `nx_lab`.`instruments` TO `pc1`@`%`", ["INSERT on nx_lab.instruments"]),
        ("GRANT SELECT ON `nx\\_lab`.* TO `pc1`@`%`", []),
        ("GRANT SELECT ON `nx_lab`.`fleet_status` TO `pc1`@`%`", []),
        ("GRANT PROXY ON ``@`` TO `pc1`@`%`", []),
    ],
)  # fmt: skip
def test_too_much_is_named(more: str, expected: list[str]) -> None:
    assert judged(*EXACT, more) == ([], expected)


def test_rights_on_the_whole_are_enough_if_too_many() -> None:
    lacking, beyond = judged("GRANT ALL PRIVILEGES ON `nx\\_lab`.* TO `root`@`%`")

    assert lacking == []
    assert beyond == ["ALL PRIVILEGES on nx\\_lab.*"]


def test_a_pattern_is_not_another_schema() -> None:
    assert judged("GRANT ALL PRIVILEGES ON `nx\\_lab`.* TO `root`@`%`", schema="nxylab")[0] != []
    assert judged("GRANT ALL PRIVILEGES ON `nx_lab`.* TO `root`@`%`", schema="nxylab")[0] == []


def test_roles_are_told_but_for_the_clouds_own() -> None:
    _, roles = held_in(
        (
            "GRANT `cloudsqliamserviceaccount`@`%` TO `pc1`@`%`",
            "GRANT `cloudsqlsuperuser`@`%` TO `pc1`@`%`",
            "GRANT reader TO `pc1`@`%`",
        )
    )

    assert roles == ("`cloudsqlsuperuser`@`%`", "reader")


def test_names_are_taken_out_of_their_quotes() -> None:
    privileges, _ = held_in(("GRANT SELECT, UPDATE (`a``b`, `c`) ON `x``y`.`t` TO `u`@`%` WITH GRANT OPTION",))

    assert privileges == (
        Held("SELECT", "x`y", "t"),
        Held("UPDATE", "x`y", "t", frozenset({"a`b", "c"})),
        Held("GRANT OPTION", "x`y", "t"),
    )
