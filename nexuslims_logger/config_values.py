"""How one setting's text or JSON becomes a typed value, and what is said when it does not.

Every parser takes a `Given` and returns the value, or raises `WrongValue` with what was expected and how to
mend it; `config` adds the setting's name, its source and what was given. Nothing here touches a network
path: a share that does not answer must not keep the window from being painted.
"""

from __future__ import annotations

import enum
import json
import math
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote_to_bytes, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})

E = TypeVar("E", bound=enum.StrEnum)


class WrongValue(Exception):
    """A value is not what was expected; the text says what was, and how to mend it."""


@dataclass(frozen=True)
class Given:
    """What a source says about one setting.

    Attributes
    ----------
    value
        A text (environment), or whatever JSON can hold.
    source
        Where it stands, as a person would say it.
    relative_to
        Where a relative path begins; None where one makes no sense (a file that many read).
    user_home
        What ``~`` stands for.
    """

    value: object
    source: str
    relative_to: Path | None
    user_home: Path


def text(*, longest: int, pattern: str = r".*", expected: str) -> Callable[[Given], str]:
    """Make a parser of one line of text.

    Parameters
    ----------
    longest
        Characters allowed.
    pattern
        What the whole text has to match.
    expected
        What is asked for, as it completes "expected ...".
    """
    compiled = re.compile(pattern)

    def parse(given: Given) -> str:
        value = given.value
        if not isinstance(value, str) or not value.isprintable() or not compiled.fullmatch(value.strip()):
            raise WrongValue(f"expected {expected}")
        if len(value.strip()) > longest:
            raise WrongValue(f"expected at most {longest} characters, got {len(value.strip())}")
        return value.strip()

    return parse


def number(low: float, high: float, unit: str) -> Callable[[Given], float]:
    """Make a parser of a number from `low` to `high` (both included)."""

    def parse(given: Given) -> float:
        value = given.value
        try:
            result = float(value) if isinstance(value, str | int | float) else math.nan
        except (ValueError, OverflowError):
            result = math.nan
        # NaN fails both comparisons; true and false are integers to Python, but not to people.
        if isinstance(value, bool) or not low <= result <= high:
            raise WrongValue(f"expected a number of {unit} from {low:g} to {high:g}")
        return result

    return parse


def whole(low: int, high: int, unit: str) -> Callable[[Given], int]:
    """Make a parser of a whole number from `low` to `high` (both included)."""
    parse_number = number(low, high, unit)

    def parse(given: Given) -> int:
        result = parse_number(given)
        if not result.is_integer():
            raise WrongValue(f"expected a whole number of {unit} from {low} to {high}")
        return int(result)

    return parse


def yes_or_no(given: Given) -> bool:
    """Parse a truth value."""
    word = str(given.value).strip().lower() if isinstance(given.value, str | int) else ""
    if word in _TRUE | _FALSE:
        return word in _TRUE
    raise WrongValue("expected true or false")


def one_of(choices: type[E]) -> Callable[[Given], E]:
    """Make a parser of a word of an enumeration, in any case."""

    def parse(given: Given) -> E:
        try:
            return choices(str(given.value).strip().lower())
        except ValueError:
            raise WrongValue(f"expected one of {', '.join(choices)}") from None

    return parse


def _words(given: Given) -> tuple[str, ...]:
    """Split a list: a JSON list, or words separated by commas."""
    value = given.value
    if isinstance(value, str):
        value = json_in(value) if value.lstrip().startswith("[") else value.split(",")
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise WrongValue('expected a list such as ["one", "two"], or words separated by commas')
    return tuple(word.strip() for word in value if word.strip())


def json_in(value: str) -> object:
    """Read JSON that stands inside of a setting's text."""
    try:
        result: object = json.loads(value)
    except ValueError as error:
        raise WrongValue(f"it looks like JSON, but is not: {error}") from error
    return result


def file_types(given: Given) -> tuple[str, ...]:
    """Parse extensions: ``dm3``, ``.dm3`` or ``*.dm3``, in any case; empty means every file."""
    found = []
    for word in _words(given):
        bare = word.removeprefix("*").removeprefix(".").lower()
        if not bare or set(bare) & set('*?[]/\\:"<>|') or not bare.isprintable():
            raise WrongValue(f'expected extensions such as ".dm3", and {word!r} is none (leave it empty for all)')
        found.append(f".{bare}")
    return tuple(dict.fromkeys(found))


def name_patterns(given: Given) -> tuple[str, ...]:
    """Parse patterns that are held against file names, such as ``*.tmp``."""
    patterns = _words(given)
    for pattern in patterns:
        if set(pattern) & set("/\\"):
            raise WrongValue(f"expected patterns for file names, and {pattern!r} has a folder in it")
        if not pattern.strip("*"):
            raise WrongValue(f"the pattern {pattern!r} would leave out every file")
    return patterns


def absolute_path(words: str, given: Given) -> Path:
    """Make a path absolute; ``~`` is the user's home, a relative one begins where `given` says."""
    if not words.strip() or "\0" in words:
        raise WrongValue("expected the path of a folder or file")
    of_user = words == "~" or words.startswith(("~/", "~\\"))
    path = given.user_home / words[2:] if of_user else Path(words)
    if not path.is_absolute():
        if given.relative_to is None:
            raise WrongValue("expected a whole path, from the root or the drive on")
        path = given.relative_to / path
    return Path(os.path.normpath(path))


def folder(given: Given) -> Path:
    """Parse the path of a folder, which need not exist yet."""
    if not isinstance(given.value, str):
        raise WrongValue("expected the path of a folder")
    return absolute_path(given.value, given)


def existing_file(given: Given) -> Path:
    """Parse the path of a file on this PC that must be there."""
    path = folder(given)
    if not path.is_file():
        raise WrongValue("there is no such file; check the path, or take the setting out")
    return path


def database_url(given: Given) -> str:
    """Parse a SQLAlchemy URL of a database that the migrations know."""
    value = given.value.strip() if isinstance(given.value, str) else ""
    found = re.match(r"(?P<dialect>[a-z0-9_]+)(\+[a-z0-9_]+)?://(?P<rest>.*)", value)
    if found is None or found["dialect"] not in {"mysql", "mariadb", "sqlite"}:
        raise WrongValue(
            "expected a URL such as mysql+pymysql://user:password@server/database, or sqlite:////path/file.db"
        )
    if found["dialect"] == "sqlite" and found["rest"].lstrip("/") in {"", ":memory:"}:
        raise WrongValue("without a file nothing would be kept; write sqlite:////path/file.db")
    return value


def masked_url(url: str) -> str:
    """Show a database's URL without its password, and without options, which may hold one."""
    scheme, divider, rest = url.partition("://")
    if not divider:
        return "***"
    if scheme.startswith("sqlite"):
        return url
    # The last @: a password with an unescaped one must not be cut in two and half of it be shown.
    login, at, place = rest.rpartition("@")
    if not at:
        login, place = place, ""
    user, colon, _ = login.partition("?")[0].partition(":")
    return f"{scheme}://{user}{':***' if colon else ''}{at}{place.partition('?')[0]}"


def place_of_url(url: str) -> str:
    """Return where a database URL leads: host, port and database, without user and password."""
    scheme, _, rest = url.partition("://")
    # Not by the rules for addresses of the web: a password may hold a / or #.
    place = rest if scheme.startswith("sqlite") else rest.rpartition("@")[2]
    return place.partition("?")[0]


def web_address(given: Given) -> str:
    """Parse an http or https address."""
    value = given.value.strip() if isinstance(given.value, str) else ""
    try:
        parts = urlsplit(value)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good:
        raise WrongValue("expected an address such as https://sqladmin.googleapis.com")
    return value


def bucket(given: Given) -> str:
    """Parse a bucket's name, or a folder (a path or a ``file:`` URL), which comes back as a ``file:`` URL."""
    value = given.value.strip() if isinstance(given.value, str) else ""
    if value.startswith("file:"):
        result = absolute_path(os.fspath(path_of_url(value)), given).as_uri()
    elif value.startswith("gs://"):
        raise WrongValue(f"expected the bucket's name alone: {value[5:].strip('/')}")
    elif set(value) & set("/\\") or value.startswith("~") or re.match(r"[A-Za-z]:", value):
        result = absolute_path(value, given).as_uri()
    elif re.fullmatch(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]", value):
        result = value
    else:
        raise WrongValue(
            "expected a bucket's name (small letters, digits, - _ and .), or a folder's path (with a / in it)"
        )
    if len(result) > 255:  # noqa: PLR2004 - the width of file_manifest.bucket
        raise WrongValue("this path is too long to be recorded (255 characters as a URL); choose a shorter one")
    return result


def path_of_url(url: str) -> Path:
    """Return the path that a ``file:`` URL names."""
    parts = urlsplit(url)
    if parts.scheme != "file" or not parts.path.startswith("/") or parts.query or parts.fragment:
        raise WrongValue("expected a URL such as file:///folder (a ? or # in it is written %3F or %23)")
    path = os.fsdecode(unquote_to_bytes(parts.path))
    if parts.netloc and parts.netloc != "localhost":
        path = f"//{parts.netloc}{path}"
    elif os.name == "nt":
        path = path.lstrip("/")  # file:///C:/data is the folder C:/data
    return Path(path)
