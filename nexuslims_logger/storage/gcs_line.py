"""The line to Cloud Storage: the library's client, opened at the first call, and requests of our own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
from google.api_core.client_info import ClientInfo
from google.api_core.exceptions import from_http_status
from google.api_core.retry import Retry
from google.auth.credentials import AnonymousCredentials
from google.auth.transport.requests import AuthorizedSession, Request
from google.cloud.storage import Client  # type: ignore[import-untyped]  # it has no types of its own
from requests.adapters import HTTPAdapter

from nexuslims_logger import __version__
from nexuslims_logger.google_login import load_credentials
from nexuslims_logger.ports import nothing
from nexuslims_logger.storage.gcs_errors import UNTRUSTED, Place, is_transient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from nexuslims_logger.config import Settings

#: "read_write" does not cover the metadata of an object (403, "Provided scope(s) are not authorized"). What the account
#: may really do is for its role to say.
_SCOPES = ("https://www.googleapis.com/auth/devstorage.full_control",)
_AGENT = f"nexuslims-logger/{__version__}"
_REDIRECTS = 300


@dataclass(frozen=True)
class Limits:
    """How long each step may take, in seconds.

    Attributes
    ----------
    connect_s
        To open a connection, and for each quarter of a megabyte to be taken.
    answer_s
        For an answer, once the request is there; a copy within the bucket needs the most.
    retry_s
        How long what is transient is tried again; the last attempt may begin at the end of it.
    first_delay_s, longest_delay_s
        Before trying again, on average half of it; doubled each time.
    """

    connect_s: float = 10.0
    answer_s: float = 60.0
    retry_s: float = 20.0
    first_delay_s: float = 1.0
    longest_delay_s: float = 8.0


class Line:
    """One bucket's line; from several threads at once.

    Parameters
    ----------
    settings
        With a bucket's name in ``DATA_BUCKET``.
    limits
        Of time.
    step
        Is called at each answer, on the thread that asked for it: it goes on.
    """

    def __init__(self, settings: Settings, limits: Limits, step: Callable[[], None] = nothing) -> None:
        self.step = step
        self.place = Place.of(settings)
        self.timeout = (limits.connect_s, limits.answer_s)
        self.retry = Retry(
            predicate=is_transient,
            initial=limits.first_delay_s,
            maximum=limits.longest_delay_s,
            multiplier=2.0,
            timeout=limits.retry_s,
        )
        self._settings = settings
        self._opened: Client | None = None

    @property
    def client(self) -> Any:
        """The library's client. Nothing is asked before the first request."""
        # Two threads may both be the first: then one of two equal clients is forgotten.
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    @property
    def bucket(self) -> Any:
        """The library's bucket, without having asked for it: that would need a right."""
        return self.client.bucket(self.place.bucket)

    def request(
        self,
        method: str,
        url: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Iterable[bytes] | bytes | None = None,
        headers: Mapping[str, str],
    ) -> requests.Response:
        """Make one attempt at a request of our own, and return whatever is no error, 308 included.

        Raises
        ------
        google.api_core.exceptions.GoogleAPICallError
            The answer's status is an error; without the request, whose address may be a secret.
        ConnectionError
            There was no answer; without the address, too.
        google.auth.exceptions.GoogleAuthError
            There is no token.
        """
        try:
            answer: requests.Response = self.client._http.request(  # noqa: SLF001 - it is the one we have given it
                method,
                url,
                params=query,
                data=body,
                headers={"User-Agent": _AGENT, **headers},
                timeout=self.timeout,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise ConnectionError(UNTRUSTED if UNTRUSTED in str(error) else type(error).__name__) from None
        if answer.status_code < _REDIRECTS or answer.status_code == requests.codes.permanent_redirect:
            return answer
        words, parts = _error_of(answer)
        raise from_http_status(answer.status_code, words, errors=parts)  # type: ignore[no-untyped-call]

    def _open(self) -> Client:
        settings = self._settings
        # Else the library gets the bucket by itself, on a thread of its own, for tracing that nobody has switched on.
        os.environ["DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA"] = "true"
        emulated = settings.storage_emulator_host is not None
        credentials: Any = (
            AnonymousCredentials() if emulated else load_credentials(settings.credentials_file, _SCOPES)  # type: ignore[no-untyped-call]  # google-auth is typed in part
        )
        # One attempt at the token each time: the retries are ours.
        session = AuthorizedSession(credentials, auth_request=Request(requests.Session()))  # type: ignore[no-untyped-call]
        session.hooks["response"].append(lambda *_answer, **_how: self.step())
        pool = HTTPAdapter(pool_connections=2, pool_maxsize=settings.upload_workers)
        session.mount("https://", pool)
        session.mount("http://", pool)
        return Client(
            project=settings.gcp_project,
            credentials=credentials,
            _http=session,
            client_info=ClientInfo(user_agent=_AGENT),  # type: ignore[no-untyped-call]
            client_options={"api_endpoint": self.place.endpoint} if emulated else None,
        )


def _error_of(answer: requests.Response) -> tuple[str, list[Any]]:
    """Return Google's words of an error, and its parts; it may also be a proxy's page."""
    try:
        error = answer.json()["error"]
        return str(error["message"]), list(error.get("errors", ()))
    except (ValueError, KeyError, TypeError, AttributeError):
        return answer.text[:200] or (answer.reason or ""), []
