"""What the database user may do, against what a logger has to: too little stops it, too much endangers the others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nexuslims_logger.db.grants import RIGHTS, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_GRANT = re.compile(r"GRANT (?P<what>.+) ON (?P<schema>`(?:[^`]|``)+`|\*)\.(?P<table>`(?:[^`]|``)+`|\*) TO .*")
_ROLE = re.compile(r"GRANT (?P<role>(?:(?! ON ).)+?) TO .*")
_PRIVILEGE = re.compile(r"(?P<name>[A-Z][A-Z _]*[A-Z])(?: \((?P<columns>[^)]*)\))?")
#: Cloud SQL puts its IAM users into these by itself; they give nothing in our schema.
_HARMLESS_ROLE = re.compile(r"`?cloudsqliam\w*`?(@.*)?", re.IGNORECASE)
_EVERYTHING = "ALL PRIVILEGES"


@dataclass(frozen=True)
class Held:
    """One privilege that the server says the user has.

    Attributes
    ----------
    schema, table
        ``*`` for all of them; a schema may be a pattern.
    columns
        Where the privilege is for some columns only.
    """

    privilege: str
    schema: str
    table: str
    columns: frozenset[str] = frozenset()


def held_in(grants: Iterable[str]) -> tuple[tuple[Held, ...], tuple[str, ...]]:
    """Read what SHOW GRANTS prints; return the privileges, and the roles that the user has."""
    privileges: list[Held] = []
    roles: list[str] = []
    for line in grants:
        if found := _GRANT.fullmatch(line):
            schema, table = _bare(found["schema"]), _bare(found["table"])
            privileges += (
                Held(one["name"], schema, table, _columns(one["columns"])) for one in _PRIVILEGE.finditer(found["what"])
            )
            if " WITH " in line and "GRANT OPTION" in line:
                privileges.append(Held("GRANT OPTION", schema, table))
        elif role := _ROLE.fullmatch(line):
            roles.append(role["role"])
    return tuple(privileges), tuple(role for role in roles if not _HARMLESS_ROLE.fullmatch(role))


def missing(privileges: Iterable[Held], schema: str) -> Iterator[str]:
    """Name what a logger needs in `schema` and the user does not have."""
    mine = [one for one in privileges if _covers(one.schema, schema)]
    for table, privilege, columns in _needed():
        matching = [
            one
            for one in mine
            if one.privilege in {privilege, _EVERYTHING} and one.table.casefold() in {"*", table.casefold()}
        ]
        if any(not one.columns for one in matching):
            continue
        lacking = columns - frozenset().union(*(one.columns for one in matching))
        if columns and lacking:
            yield f"{privilege} ({', '.join(sorted(lacking))}) on {table}"
        elif not columns:
            yield f"{privilege} on {table}"


def surplus(privileges: Iterable[Held], schema: str) -> Iterator[str]:
    """Name what the user has beyond a logger's needs; reading more of `schema` is no harm."""
    needed = {(table.casefold(), privilege): columns for table, privilege, columns in _needed()}
    for one in privileges:
        if one.privilege in {"USAGE", "PROXY"}:
            continue
        own = one.schema != "*" and _covers(one.schema, schema)
        if own and one.privilege == "SELECT":
            continue
        allowed = needed.get((one.table.casefold(), one.privilege)) if own else None
        if allowed is None:
            yield f"{one.privilege} on {one.schema}.{one.table}"
        elif allowed and not one.columns:
            yield f"{one.privilege} of every column on {one.table}"
        elif more := one.columns - allowed:
            yield f"{one.privilege} ({', '.join(sorted(more))}) on {one.table}"


def _needed() -> Iterator[tuple[str, str, frozenset[str]]]:
    """Yield table, privilege and, where not all of them, the columns."""
    for right in RIGHTS[Role.LOGGER]:
        for privilege in ("SELECT", *right.more):
            yield right.table, privilege, frozenset()
        if right.updates:
            yield right.table, "UPDATE", frozenset(right.updates)


def _covers(pattern: str, schema: str) -> bool:
    r"""Hold a schema's name against a grant's: ``_`` and ``%`` are wildcards there, unless after a ``\``."""
    parts = re.findall(r"\\.|.", pattern)
    wild = {"%": ".*", "_": ".", "*": ".*"}
    expression = "".join(wild.get(part, re.escape(part.removeprefix("\\"))) for part in parts)
    return re.fullmatch(expression, schema, re.IGNORECASE) is not None


def _columns(listed: str | None) -> frozenset[str]:
    return frozenset(_bare(name.strip()) for name in (listed or "").split(",") if name.strip())


def _bare(quoted: str) -> str:
    return quoted if not quoted.startswith("`") else quoted[1:-1].replace("``", "`")
