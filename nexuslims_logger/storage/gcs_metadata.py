"""What stands beside the bytes of an object in Cloud Storage, and how it is read back (DESIGN.md section 6.5).

========================== ======================================================================
``mtime``                  modification time, ISO 8601 in UTC with nanoseconds; rclone shows it
``gcsfuse_mtime``          the same; gcsfuse shows it
``goog-reserved-file-mtime`` the same in whole seconds since 1970; gcloud and gsutil show it
``session_identifier``     whose session brought it
``computer_name``          which PC
``instrument_pid``         which instrument
========================== ======================================================================

Never the user's name.
"""

from __future__ import annotations

import base64
import re
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from nexuslims_logger.storage.contract import Origin, StoredObject

if TYPE_CHECKING:
    from collections.abc import Mapping

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO_TIMES = ("mtime", "gcsfuse_mtime")
_SECONDS = "goog-reserved-file-mtime"
_ORIGIN = tuple(field.name for field in fields(Origin))
_ISO = re.compile(r"(.{19})(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:?\d\d)", re.ASCII)
_NS = 10**9


def to_metadata(mtime_ns: int, origin: Origin | None) -> dict[str, str | None]:
    """Return what is written beside the content; None takes a value away."""
    seconds, rest = divmod(mtime_ns, _NS)
    iso = f"{(_EPOCH + timedelta(seconds=seconds)).isoformat()[:19]}.{rest:09}Z"
    whose: dict[str, str | None] = dict.fromkeys(_ORIGIN) if origin is None else asdict(origin)
    return dict.fromkeys(_ISO_TIMES, iso) | {_SECONDS: str(seconds)} | whose


def to_base64(md5: str) -> str:
    """Return an MD5 as Cloud Storage writes it."""
    return base64.b64encode(bytes.fromhex(md5)).decode("ascii")


def stored_object(
    name: str, size: int, md5_hash: str | None, generation: int, metadata: Mapping[str, str | None] | None
) -> StoredObject:
    """Return what Cloud Storage says of an object, as the contract has it; whoever wrote it, and however."""
    said = {key: value for key, value in (metadata or {}).items() if value is not None}
    known = all(said.get(key) for key in _ORIGIN)
    return StoredObject(
        name=name,
        size=size,
        md5=base64.b64decode(md5_hash).hex() if md5_hash else None,
        generation=generation,
        mtime_ns=_mtime_ns(said),
        origin=Origin(**{key: said[key] for key in _ORIGIN}) if known else None,
    )


def _mtime_ns(said: Mapping[str, str]) -> int | None:
    """Read the time that any of the programs above has written; None when it is none."""
    for key in _ISO_TIMES:
        if found := _ISO.fullmatch(said.get(key, "")):
            try:
                whole = datetime.fromisoformat(found[1] + found[3])
            except ValueError:
                continue
            return (whole - _EPOCH) // timedelta(seconds=1) * _NS + int((found[2] or "").ljust(9, "0"))
    try:
        return int(said.get(_SECONDS, "")) * _NS
    except ValueError:
        return None
