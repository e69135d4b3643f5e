"""The watch folders: how FILESTORE_PATH names them, and which labels they get."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

from nexuslims_logger.config_values import Given, WrongValue, absolute_path, json_in
from nexuslims_logger.errors import ConfigurationError
from nexuslims_logger.journal.records import WatchFolder

#: What a label may not hold: it becomes a folder's name in any store, on any system.
_BAD = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
_LONGEST_LABEL = 64


def watch_folders(given: Given) -> tuple[WatchFolder, ...]:
    """Parse FILESTORE_PATH: a folder, a list of folders, or label: folder pairs.

    A single folder has no label. A list's labels are the last parts of the paths, with the part before
    where two would be the same.
    """
    value = given.value
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        value = json_in(value)
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list):
        paths = [_path(item, given) for item in value]
        labels = _labels(paths)
    elif isinstance(value, dict):
        paths = [_path(item, given) for item in value.values()]
        labels = [_checked_label(label) for label in value]
    else:
        paths, labels = [], []
    if not paths:
        raise WrongValue('expected a folder, a list ["folder", "folder"], or pairs {"label": "folder"}')
    _check_distinct(paths, labels)
    if len(paths) == 1:
        labels = [""]
    return tuple(WatchFolder(label=label, path=os.fspath(path)) for label, path in zip(labels, paths, strict=True))


def is_inside(inner: Path, outer: Path) -> bool:
    """Whether `inner` is `outer` or lies below it, by name alone, as the system compares names."""
    return Path(os.path.normcase(inner)).is_relative_to(os.path.normcase(outer))


def _path(item: object, given: Given) -> Path:
    if not isinstance(item, str):
        raise WrongValue(f"expected the path of a folder, got {item!r}")
    return absolute_path(item, given)


def _checked_label(label: str) -> str:
    if (
        not label.strip()
        or label != label.strip()
        or _BAD.search(label)
        or label.startswith(".")
        or label.endswith(".")
        or len(label) > _LONGEST_LABEL
    ):
        raise WrongValue(
            f"the label {label!r} cannot be a folder's name in the store; use letters, digits, - and _"
            f" (at most {_LONGEST_LABEL})"
        )
    return label


def _labels(paths: list[Path]) -> list[str]:
    """Return the shortest endings of the paths that tell them apart."""
    parts = [[part for part in (_BAD.sub("", part).strip(" .") for part in path.parts) if part] for path in paths]
    taken = [1] * len(paths)
    while True:
        labels = ["-".join(part[-count:]) or "root" for part, count in zip(parts, taken, strict=True)]
        often = Counter(label.casefold() for label in labels)
        longer = [
            count + 1 if often[label.casefold()] > 1 and count < len(part) else count
            for label, count, part in zip(labels, taken, parts, strict=True)
        ]
        if longer == taken:
            return [label[-_LONGEST_LABEL:] for label in labels]
        taken = longer


def _check_distinct(paths: list[Path], labels: list[str]) -> None:
    for index, path in enumerate(paths):
        for other in paths[:index]:
            if is_inside(path, other) or is_inside(other, path):
                raise WrongValue(f"{path} and {other} overlap, and every file would be sent twice; name one of them")
    often = Counter(label.casefold() for label in labels)
    if double := [label for label in labels if often[label.casefold()] > 1]:
        raise WrongValue(f"the label {double[0]!r} stands for two folders; give each its own")


def make_watch_folder(path: str) -> None:
    """Make the default watch folder on first use.

    Raises
    ------
    ConfigurationError
        It cannot be made.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = (
            f"{path} cannot be made ({error.strerror}). Set NEXUSLIMSGUI_FILESTORE_PATH to the instrument's folder."
        )
        raise ConfigurationError("The watch folder cannot be made", message) from error
