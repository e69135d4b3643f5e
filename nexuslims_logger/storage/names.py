"""Object names: which ones a store takes, and what a session's file is called there."""

from __future__ import annotations

import hashlib
import posixpath

from nexuslims_logger.errors import NameRefused

#: The folder store keeps its own files here; no store takes such a name, so that they can be exchanged.
OWN_FOLDER = ".nexuslims"

#: Where old contents are kept.
VERSIONS_FOLDER = ".versions"

#: Below each instrument's folder: the sessions' manifests, and what `doctor` writes to see whether it can.
MANIFESTS_FOLDER = ".manifests"
DOCTOR_FOLDER = ".doctor"

_LONGEST_NAME_BYTES = 1024  # Cloud Storage's limit
_LONGEST_PART_BYTES = 255  # most file systems' limit
_LONGEST_COMPUTER_BYTES = 64  # a longer one cannot come from a network
_LONGEST_EXTENSION_BYTES = 32  # a longer one is no extension
_SESSION_CHARACTERS = 8


def printable(name: str) -> str:
    r"""Return `name` so that it can be shown and logged: bytes that are no UTF-8 become ``\udc..``."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def is_own_object(name: str) -> bool:
    """Whether the program keeps an object of this name for itself: it is in no session's manifest."""
    parts = name.split("/")[:-1]
    return parts[:1] == [VERSIONS_FOLDER] or parts[-1:] in ([MANIFESTS_FOLDER], [DOCTOR_FOLDER])


def check_name(name: str) -> None:
    """Refuse what no store takes, by the rules of `ObjectStore`.

    Raises
    ------
    NameRefused
        The message tells the name and the rule.
    """
    try:
        length = len(name.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise _refusal(name, "it is not valid UTF-8; rename the file") from error
    parts = name.split("/")
    if not name:
        reason = "it is empty"
    elif length > _LONGEST_NAME_BYTES:
        reason = f"it is longer than {_LONGEST_NAME_BYTES} bytes; shorten the names of its folders"
    elif name.startswith("/"):
        reason = "it is absolute; the instrument's filestore_path must begin with ./"
    elif "\\" in name or "\0" in name:
        reason = "it has a backslash or a NUL character; rename the file"
    elif not {"", ".", ".."}.isdisjoint(parts):
        reason = "a part of it is empty, . or .."
    elif parts[0].casefold() == OWN_FOLDER:
        reason = f"{OWN_FOLDER} is the store's own folder"
    else:
        return
    raise _refusal(name, reason)


def object_name(filestore_path: str, label: str, relative_path: str) -> str:
    """Name the object of one file of a watch folder.

    Parameters
    ----------
    filestore_path
        The instrument's, as the database has it, e.g. ``./Titan``; a leading ``./`` is left out.
    label
        The watch folder's; "" when there is only one.
    relative_path
        The file's path below the watch folder, with forward slashes.

    Raises
    ------
    NameRefused
        The name would be absolute, escape, or cannot be written down; the message tells the file.
    """
    beginning = filestore_path.replace("\\", "/").rstrip("/") if filestore_path.strip("/\\") else filestore_path
    while beginning.startswith("./"):
        beginning = beginning[2:].lstrip("/")
    if beginning == ".":
        beginning = ""
    name = "/".join(part for part in (beginning, label) if part)
    name = f"{name}/{relative_path}" if name else relative_path
    check_name(name)
    return name


def version_name(name: str, generation: int) -> str:
    """Name the copy that keeps the content of `name` of that generation."""
    copy = f"{VERSIONS_FOLDER}/{name}/{generation}"
    if len(copy.encode("utf-8")) > _LONGEST_NAME_BYTES:
        copy = f"{VERSIONS_FOLDER}/{hashlib.sha256(name.encode('utf-8')).hexdigest()}/{generation}"
    return copy


def second_name(name: str, computer_name: str, session_identifier: str | None) -> str:
    """Name our content where another computer's stands at `name`.

    Parameters
    ----------
    name
        The name that is taken.
    computer_name
        Ours, which the second name says before the extension.
    session_identifier
        Given when the name with the computer alone is taken as well.

    Returns
    -------
    str
        In the same folder. Where it would be too long it is cut, and then carries digits made from
        `name`, so that two names which differ behind the cut do not meet.
    """
    folder, last = posixpath.split(name)
    stem, extension = posixpath.splitext(last)
    if len(extension.encode("utf-8")) > _LONGEST_EXTENSION_BYTES:
        stem, extension = last, ""
    whose = _cut(computer_name.replace("/", "_").replace("\\", "_"), _LONGEST_COMPUTER_BYTES)
    if session_identifier is not None:
        whose += f", {session_identifier[:_SESSION_CHARACTERS]}"
    ending = f" ({whose}){extension}"
    room = min(_LONGEST_PART_BYTES, _LONGEST_NAME_BYTES - len(f"{folder}/".encode() if folder else b""))
    room -= len(ending.encode("utf-8"))
    if len(stem.encode("utf-8")) > room:
        digits = f"~{hashlib.sha256(name.encode('utf-8')).hexdigest()[:8]}"
        stem = _cut(stem, room - len(digits)) + digits
    return posixpath.join(folder, f"{stem}{ending}")


def _cut(text: str, length: int) -> str:
    """Return the beginning of `text` that fits into `length` bytes, without half a character."""
    return text.encode("utf-8")[: max(length, 0)].decode("utf-8", "ignore")


def _refusal(name: str, reason: str) -> NameRefused:
    return NameRefused("A file cannot be stored under its name", f'"{printable(name)}": {reason}.')
