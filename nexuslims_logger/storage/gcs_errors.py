"""What Cloud Storage and the way to it say, in a user's words; it also decides what is tried again.

Nothing of an error but its text is used: a token or an upload's address may be in the rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from urllib.parse import urlsplit

import requests
from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.auth.exceptions import GoogleAuthError

from nexuslims_logger.errors import (
    TRIED_AGAIN,
    AccessDenied,
    ChecksumMismatch,
    ConfigurationError,
    FileProblem,
    LoggerError,
    NameRefused,
    PreconditionFailed,
    ReplacingDenied,
    StoreUnavailable,
)
from nexuslims_logger.google_login import away, name_credentials, not_trusted, translate_login

if TYPE_CHECKING:
    from nexuslims_logger.config import Settings

GOOGLE = "https://storage.googleapis.com"

#: What OpenSSL says of a certificate that is not Google's.
UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"

#: What a call to Cloud Storage may raise besides this program's own errors.
CALLING_ERRORS = (GoogleAPICallError, RetryError, requests.RequestException, GoogleAuthError, OSError, ValueError)

_AWAY = "Cloud Storage cannot be reached"
_BUSY = frozenset({408, 429})
_SERVER_ERROR = 500
_PERMISSION = re.compile(r"storage\.\w+\.\w+")
_DELETE = "storage.objects.delete"

#: What each permission is for; the page "Rights" has the same list.
_NEEDED_TO = {
    "storage.objects.create": "send files",
    "storage.objects.get": "compare what was sent with what is stored",
    _DELETE: "replace what the same session has written",
    "storage.objects.update": "bring modification times up to date",
    "storage.objects.list": "list what is stored",
    "storage.buckets.get": "look at the bucket's own settings",
}


@dataclass(frozen=True)
class Place:
    """Which bucket is meant, and who is asked for the way."""

    bucket: str
    endpoint: str
    credentials: str

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Take it from the settings."""
        endpoint = settings.storage_emulator_host or GOOGLE
        return cls(
            bucket=settings.data_bucket,
            endpoint=(endpoint if "://" in endpoint else f"http://{endpoint}").rstrip("/"),
            credentials=name_credentials(settings.credentials_file),
        )

    @property
    def host(self) -> str:
        """Host and port, as whoever looks after the firewall wants them."""
        parts = urlsplit(self.endpoint)
        return f"{parts.hostname} port {parts.port or (443 if parts.scheme == 'https' else 80)}"


class _Answer(NamedTuple):
    """A meaning; `{bucket}`, `{name}` and `{said}` are filled in."""

    error: type[LoggerError]
    title: str
    message: str


_LATER = _Answer(StoreUnavailable, _AWAY, TRIED_AGAIN + ". Google answered: {said}")
_NO_RIGHT = "No right to use the bucket"
_DAMAGED = _Answer(
    ChecksumMismatch,
    "The content is not what was announced",
    "{name} changed while it was sent, or was damaged on its way; it is sent again.",
)
_CHANGED = _Answer(
    PreconditionFailed,
    "The store has something else",
    "{name} is not in the bucket as it was expected; it is compared and tried again.",
)
_KEPT = _Answer(
    ReplacingDenied,
    "The bucket keeps what it has",
    "{name} may not be replaced there; the new content is stored under a second name. Google said: {said}",
)
_REFUSED_NAME = _Answer(NameRefused, "A file cannot be stored under its name", "{name}: Google said: {said}")

#: By the status and what Google says of it (its `reason` or its words); the first that fits.
_ANSWERS: tuple[tuple[int, str, _Answer], ...] = (
    (400, r"MD5|CRC32C|checksum|hash", _DAMAGED),
    (400, r"object name|Invalid name|metadata.*name", _REFUSED_NAME),
    (
        400,
        r"userProjectMissing|requester pays",
        _Answer(
            ConfigurationError,
            "The bucket makes whoever asks pay",
            "gs://{bucket} is a requester-pays bucket, which the logger does not support. Ask its administrator to"
            " switch that off. Google said: {said}",
        ),
    ),
    (
        401,
        "",
        _Answer(
            AccessDenied,
            "Google does not accept the credentials",
            "They were revoked, have expired, or this PC's clock is wrong: {credentials}. Ask the facility manager"
            " for new ones. Google said: {said}",
        ),
    ),
    (403, r"[rR]ateLimitExceeded|quotaExceeded", _LATER),
    (403, r"retentionPolicyNotMet|objectUnderActiveHold|retention policy|active hold", _KEPT),
    (
        403,
        r"accountDisabled|billing",
        _Answer(
            AccessDenied,
            "The project's account is closed",
            "Billing of the project that owns gs://{bucket} is switched off; tell its administrator."
            " Google said: {said}",
        ),
    ),
    (
        403,
        r"vpcServiceControls|organization's policy",
        _Answer(
            AccessDenied,
            _NO_RIGHT,
            "The organisation's network policy does not let this PC use gs://{bucket}. Show this to the project's"
            " administrator: {said}",
        ),
    ),
    (
        404,
        "",
        _Answer(
            ConfigurationError,
            "The bucket does not exist",
            "There is no bucket {bucket!r}: check NEXUSLIMSGUI_DATA_BUCKET, or ask the bucket's administrator."
            " Google said: {said}",
        ),
    ),
    (409, "", _LATER),
    (412, "", _CHANGED),
)


def is_missing_bucket(error: GoogleAPICallError) -> bool:
    """Tell a bucket that is not there from an object that is not there; both are 404."""
    return "bucket" in _said(error) and "No such object" not in _said(error)


def lacks_delete(error: GoogleAPICallError) -> bool:
    """Tell whether it is the right to replace that is missing."""
    return _DELETE in _said(error)


def is_damage(error: GoogleAPICallError) -> bool:
    """Tell a content that is not the announced one from other refusals with the same status."""
    return isinstance(translate(error, _ANYWHERE, "-"), ChecksumMismatch)


def is_transient(error: BaseException) -> bool:
    """Tell whether the very same request may succeed in a moment."""
    return isinstance(error, CALLING_ERRORS) and isinstance(translate(error, _ANYWHERE, "-"), StoreUnavailable)


def translate(error: BaseException, place: Place, name: str) -> LoggerError:
    """Return what an error of a call to Cloud Storage means.

    Parameters
    ----------
    error
        One of `CALLING_ERRORS`.
    place, name
        For the words: the bucket, and the object.
    """
    if isinstance(error, RetryError) and error.cause:
        return translate(error.cause, place, name)
    if isinstance(error, GoogleAPICallError):
        return _answered(error, place, name)
    if isinstance(error, GoogleAuthError):
        return translate_login(error, place.credentials, StoreUnavailable, _AWAY)
    if isinstance(error, OSError):  # the requests' errors, too
        return _without_answer(error, place)
    return ConfigurationError(
        "There are no usable Google credentials",
        f"What was found cannot be used: {place.credentials}. Ask the facility manager for new ones."
        f" Technically: {error}",
    )


def _without_answer(error: OSError, place: Place) -> LoggerError:
    if UNTRUSTED in str(error):
        return not_trusted(place.host)
    if isinstance(error, ValueError):  # an answer that could not be read
        return StoreUnavailable(
            _AWAY,
            f"{TRIED_AGAIN}. What answers at {place.host} is not Cloud Storage: perhaps a login page of this network."
            " Open a browser on this PC and look.",
        )
    return StoreUnavailable(_AWAY, away("Cloud Storage", place.host))


def _answered(error: GoogleAPICallError, place: Place, name: str) -> LoggerError:
    """Translate an answer with an HTTP status."""
    status, said = int(error.code or 0), _said(error)
    reasons = " ".join(str(part.get("reason", "")) for part in error.errors if isinstance(part, dict))
    answer = next(
        (answer for code, words, answer in _ANSWERS if code == status and re.search(words, f"{reasons} {said}")), None
    )
    if answer is None and status == 403:  # noqa: PLR2004 - HTTP's
        return _no_right(said, place)
    if answer is None and (status in _BUSY or status >= _SERVER_ERROR):
        answer = _LATER
    if answer is None:
        return FileProblem("Cloud Storage refuses this file", f"{name}: Google answered {status}: {said}")
    words: dict[str, Any] = {"bucket": place.bucket, "credentials": place.credentials, "name": name, "said": said}
    return answer.error(answer.title, answer.message.format(**words))


def _no_right(said: str, place: Place) -> LoggerError:
    found = _PERMISSION.search(said)
    if found is None:
        wanted = "The account may not use it"
    elif purpose := _NEEDED_TO.get(found[0]):
        wanted = f"The account needs the permission {found[0]}, to {purpose}"
    else:
        wanted = f"The account needs the permission {found[0]}"
    return AccessDenied(
        _NO_RIGHT,
        f'{wanted}. Ask the administrator of gs://{place.bucket} for it (the page "Rights" has the role to give).'
        f" Google said: {said}",
    )


def _said(error: GoogleAPICallError) -> str:
    """Return Google's own words, without the request that the libraries put before them."""
    said = re.sub(r"\A[A-Z]+ https?://\S+: ", "", str(error.message))
    return " ".join(said.split()) or f"status {error.code}"


_ANYWHERE = Place("", GOOGLE, "")
