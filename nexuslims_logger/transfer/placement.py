"""Where a file goes: the object name of a session's file."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from nexuslims_logger.errors import NameRefused
from nexuslims_logger.storage.names import object_name, printable

if TYPE_CHECKING:
    from nexuslims_logger.journal.seen import FileKey
    from nexuslims_logger.messages import TrackedSession


def object_name_of(session: TrackedSession, key: FileKey) -> str:
    """Return the object name of a file of the session (DESIGN.md section 6.3).

    Raises
    ------
    NameRefused
        The name cannot be stored.
    """
    label = next((folder.label for folder in session.folders if folder.path == key.root), "")
    return object_name(session.filestore_path, label, key.path)


def shown_name(session: TrackedSession, key: FileKey) -> str:
    """Name a file for people: its path, below the label of its watch folder where there are several."""
    label = next((folder.label for folder in session.folders if folder.path == key.root), "")
    return printable(f"{label}/{key.path}" if label and len(session.folders) > 1 else key.path)


def name_in_manifest(session: TrackedSession, key: FileKey) -> str:
    """Return the object name; of a file that cannot have one, a name that the manifest can hold and nobody stores."""
    try:
        return object_name_of(session, key)
    except NameRefused:
        digits = hashlib.sha256(os.fsencode(f"{key.root}/{key.path}")).hexdigest()[:16]
        return f"(no name in the store) {printable(key.name)[:200]} {digits}"


def folder_in_manifest(session: TrackedSession, folder: FileKey) -> str:
    """As `name_in_manifest`, of a sub-folder: it ends in a slash, as no file does."""
    try:
        return object_name_of(session, replace(folder, folder=folder.path, name="_")).removesuffix("_")
    except NameRefused:
        return name_in_manifest(session, folder)
