"""Object names that Cloud Storage does not take, though other stores do.

https://cloud.google.com/storage/docs/objects#naming
"""

from __future__ import annotations

from nexuslims_logger.errors import NameRefused
from nexuslims_logger.storage.names import check_name, printable

_RESERVED = ".well-known/acme-challenge/"


def check_gcs_name(name: str) -> None:
    """Refuse what no store takes, and what Cloud Storage does not.

    Raises
    ------
    NameRefused
        The message tells the name and the rule.
    """
    check_name(name)
    if "\r" in name or "\n" in name:
        reason = "it has a line break; rename the file"
    elif name.startswith(_RESERVED):
        reason = f"Cloud Storage keeps {_RESERVED} for itself; rename the folder"
    else:
        return
    raise NameRefused("A file cannot be stored under its name", f'"{printable(name)}": {reason}.')
