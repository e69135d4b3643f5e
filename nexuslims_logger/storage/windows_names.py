"""What Windows' file systems ask of names and paths; plain functions, so that they are tested everywhere."""

from __future__ import annotations

from nexuslims_logger.errors import NameRefused

_FORBIDDEN = frozenset('<>:"|?*') | {chr(code) for code in range(32)}
_DEVICES = frozenset(
    {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}
    | {f"{port}{digit}" for port in ("COM", "LPT") for digit in "123456789¹²³"}
)


def check_windows_name(name: str) -> None:
    """Refuse an object name that Windows would turn into something else: a stream, a device, another file.

    Raises
    ------
    NameRefused
        The message tells the part and the rule.
    """
    for part in name.split("/"):
        if not _FORBIDDEN.isdisjoint(part):
            reason = "has a character that Windows does not allow in file names"
        elif part.endswith((".", " ")):
            reason = "ends with a dot or a space, which Windows drops"
        elif part.partition(".")[0].rstrip(" ").upper() in _DEVICES:
            reason = "is the name of a device on Windows"
        else:
            continue
        raise NameRefused("A file cannot be stored under its name", f'"{name}": "{part}" {reason}.')


def long_path(path: str) -> str:
    r"""Return an absolute Windows path in the form that may be longer than 260 characters (``\\?\``).

    Source: Microsoft, "Maximum Path Length Limitation".
    """
    path = path.replace("/", "\\")
    if path.startswith(("\\\\?\\", "\\\\.\\")):
        return path
    if path.startswith("\\\\"):
        return "\\\\?\\UNC" + path[1:]
    return "\\\\?\\" + path
