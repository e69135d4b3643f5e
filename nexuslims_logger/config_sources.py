"""Where settings come from: the environment, the user's file, the facility's file."""

from __future__ import annotations

import difflib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nexuslims_logger.config_values import Given, WrongValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PREFIX = "NEXUSLIMSGUI_"
_ENVIRONMENT = "environment"
_RETIRED = "DBAPI_"


@dataclass(frozen=True)
class Found:
    """What all the sources together say.

    Attributes
    ----------
    given
        By setting (without the prefix), from the strongest source that names it.
    problems
        What is wrong with the sources themselves, each a whole sentence.
    """

    given: Mapping[str, Given]
    problems: tuple[str, ...]


def user_home(environ: Mapping[str, str]) -> Path:
    """Return the user's home folder as `environ` has it."""
    named = environ.get("USERPROFILE" if os.name == "nt" else "HOME")
    return Path(named) if named else Path.home()


def files_in(environ: Mapping[str, str]) -> tuple[Path, Path]:
    """Return the user's and the machine-wide file, the stronger one first; neither need exist."""
    return (
        user_home(environ) / "nexuslims" / "gui" / "config.json",
        _machine_wide(environ) / "config.json",
    )


def default_home(environ: Mapping[str, str]) -> Path:
    """Return the program's folder: the one for everybody on this PC where an installer made it, else the user's own."""
    shared = _machine_wide(environ) / "home"
    if os.name == "nt" and shared.is_dir():
        return shared
    return user_home(environ) / "nexuslims" / "gui"


def _machine_wide(environ: Mapping[str, str]) -> Path:
    if os.name == "nt":
        return Path(environ.get("PROGRAMDATA", r"C:\ProgramData")) / "NexusLIMS-Logger"
    return Path("/etc/nexuslims-logger")


def gather(environ: Mapping[str, str], files: Iterable[Path], known: Iterable[str]) -> Found:
    """Read every source; an empty text or ``null`` means "the default, whatever a weaker source says".

    Parameters
    ----------
    environ
        The strongest source.
    files
        JSON files, the stronger first; one that does not exist says nothing.
    known
        The settings there are, without the prefix.
    """
    home = user_home(environ)
    names = frozenset(known)
    given: dict[str, Given] = {}
    problems: list[str] = []
    in_environment = {key: value for key, value in environ.items() if key.startswith(PREFIX)}
    sources: list[tuple[str, Mapping[str, object], Path | None]] = [
        (_ENVIRONMENT, in_environment, Path.cwd()),
    ]
    for path in files:
        try:
            sources.append((f"file {path}", _read(path), None))
        except WrongValue as error:
            problems.append(str(error))
    for source, values, relative_to in sources:
        for key, value in values.items():
            name = key.removeprefix(PREFIX)
            if key.startswith(PREFIX) and name in names:
                given.setdefault(name, Given(value, source, relative_to, home))
            else:
                problems.append(_unknown(key, source, names))
    return Found(
        {name: one for name, one in given.items() if one.value is not None and one.value != ""},
        tuple(problems),
    )


def _read(path: Path) -> Mapping[str, object]:
    try:
        # Notepad writes a byte order mark.
        written = path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise WrongValue(f"The file {path} cannot be read ({error.strerror}). Check its rights.") from error
    except UnicodeDecodeError as error:
        raise WrongValue(f"The file {path} is not UTF-8 text. Save it as UTF-8.") from error
    try:
        content = json.loads(written, object_pairs_hook=_without_doubles)
    except json.JSONDecodeError as error:
        hint = " In JSON a backslash is written twice." if "escape" in error.msg else ""
        raise WrongValue(
            f"The file {path} is broken in line {error.lineno}, column {error.colno}: {error.msg}.{hint}"
        ) from error
    except RecursionError as error:
        raise WrongValue(f"The file {path} has brackets within brackets beyond all measure. Write it anew.") from error
    except WrongValue as error:
        raise WrongValue(f"The file {path} {error}") from error
    if not isinstance(content, dict):
        raise WrongValue(f'The file {path} must hold an object: {{"{PREFIX}DATA_BUCKET": "name", ...}}.')
    return content


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) < len(pairs):
        keys = [key for key, _ in pairs]
        double = next(key for key in keys if keys.count(key) > 1)
        raise WrongValue(f"names {double} twice. Take one out.")
    return result


def _unknown(key: str, source: str, names: frozenset[str]) -> str:
    bare = key.upper().removeprefix(PREFIX)
    if bare.startswith(_RETIRED):
        return (
            f"{key} ({source}) is no longer used: the logger writes to the database itself, without a web"
            f" address in between. Take it out, and name the database with {PREFIX}CLOUDSQL_INSTANCE,"
            f" {PREFIX}DB_NAME and {PREFIX}DB_USER, or with {PREFIX}DATABASE_URL."
        )
    near = difflib.get_close_matches(bare, names, n=1)
    remedy = f"Did you mean {PREFIX}{near[0]}?" if near else "Take it out; docs/settings.md lists them all."
    return f"{key} ({source}) is no setting. {remedy}"
