"""Connections to MySQL on Google Cloud SQL, with IAM and without a password; imported only when that is configured.

The connector is made of coroutines. They run to their end on the thread that asks for a connection, on a loop
that starts no thread of its own: so nothing is left behind that could keep the process from exiting.
"""

from __future__ import annotations

import asyncio
import copy
import functools
import logging
import socket
import weakref
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from google.auth.credentials import Credentials, Scoped
from google.cloud.sql.connector import Connector
from pymysql.constants import CLIENT  # type: ignore[import-untyped]  # it has no types of its own
from typing_extensions import override

from nexuslims_logger import __version__, google_login
from nexuslims_logger.db.cloud_errors import CONNECTING_ERRORS, Place, no_user, translate_connecting

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from nexuslims_logger.config import Settings

log = logging.getLogger(__name__)

T = TypeVar("T")

_SCOPES = ("https://www.googleapis.com/auth/sqlservice.admin",)


@dataclass(frozen=True)
class Limits:
    """How long each step may take, in seconds; together they stay below 30.

    Attributes
    ----------
    preparing_s
        Credentials, instance and certificate from Google, all in all.
    answer_s
        One answer of the token endpoint, one step of opening the connection (TCP, TLS).
    query_s
        One answer of the database; None: as long as it takes.
    """

    preparing_s: float = 15.0
    answer_s: float = 5.0
    query_s: float | None = 15.0


class CloudSqlConnections:
    """Opens connections to one Cloud SQL instance; for one thread at a time.

    Parameters
    ----------
    settings
        With ``CLOUDSQL_INSTANCE``.
    limits
        Of time.
    on_connect
        The statement that each new connection begins with.
    """

    def __init__(self, settings: Settings, limits: Limits, on_connect: str) -> None:
        self._settings = settings
        self._limits = limits
        self._on_connect = on_connect
        self._place = Place.of(settings)
        self._connector: Connector | None = None
        self._user = ""

    def connect(self) -> Any:
        """Return a new connection of the driver. Blocks, for less than 30 seconds.

        Raises
        ------
        LoggerError
            Whatever failed on the way to the database's own login.
        pymysql.MySQLError
            The database has answered, and refuses.
        """
        expired = False
        try:
            connector = self._connector or self._prepare()
            with _impatient_sockets(self._limits.answer_s):
                expired, connection = _run(connector._loop, self._connect_within(connector))  # noqa: SLF001 - ours
        except CONNECTING_ERRORS as error:
            raise translate_connecting(error, self._place) from error
        if expired:
            raise translate_connecting(TimeoutError(), self._place, preparing=True)
        return connection

    def _prepare(self) -> Connector:
        settings = self._settings
        credentials = load_credentials(settings)
        user = settings.db_user or _email(credentials)
        if user is None:
            raise no_user()
        self._user = user
        loop = _CallersLoop()
        loop.set_exception_handler(_tell_briefly)
        self._connector = Connector(
            ip_type=settings.cloudsql_ip_type.value,
            enable_iam_auth=True,
            credentials=_TimedCredentials(credentials, self._limits.answer_s),
            loop=loop,
            sqladmin_api_endpoint=(settings.cloudsql_api_endpoint or "").rstrip("/") or None,
            user_agent=f"nexuslims-logger/{__version__}",
            # "background" asks a dead Admin API for ever, and meets a PC's wake-up with an expired certificate.
            refresh_strategy="lazy",
        )
        weakref.finalize(self, _close, loop, self._connector)
        return self._connector

    async def _connect_within(self, connector: Connector) -> tuple[bool, Any]:
        """Return whether the time was over, and the connection."""
        limit_s = self._limits.query_s
        limit = asyncio.timeout(self._limits.preparing_s)
        try:
            async with limit:
                return False, await connector.connect_async(
                    self._settings.cloudsql_instance or "",
                    "pymysql",
                    user=self._user,
                    db=self._settings.db_name,
                    charset="utf8mb4",
                    # Not the tunnel: this is about TLS inside of it, where the login would fail.
                    ssl_disabled=True,
                    # `creator=` passes by SQLAlchemy's own flags: an UPDATE that changes nothing finds its row.
                    client_flag=CLIENT.FOUND_ROWS,
                    init_command=self._on_connect,
                    read_timeout=limit_s,
                    write_timeout=limit_s,
                )
        except TimeoutError:
            if limit.expired():
                return True, None
            raise


class _CallersLoop(asyncio.SelectorEventLoop):
    """Runs what the connector gives to other threads on the caller's, which waits for it anyway.

    A thread of asyncio's would be waited for when the interpreter exits, however long a network hangs.
    """

    @override
    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]  # typeshed's signature has type variables that cannot be written here
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - not handled here: handed on to whoever awaits
            future.set_exception(error)
        return future


class _TimedCredentials(Scoped, Credentials):
    """Credentials whose every question to Google has a time limit; their own is two minutes.

    Parameters
    ----------
    inner
        The real ones.
    answer_s
        Seconds.
    """

    def __init__(self, inner: Any, answer_s: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # google-auth is typed in part
        self._inner = inner
        self._answer_s = answer_s
        self._universe_domain = inner.universe_domain

    @property
    def requires_scopes(self) -> bool:
        """Whether scopes are still to be named."""
        return isinstance(self._inner, Scoped) and bool(self._inner.requires_scopes)

    def with_scopes(self, scopes: Any, default_scopes: Any = None) -> _TimedCredentials:
        """Return a copy that asks for these scopes."""
        if isinstance(self._inner, Scoped):
            scoped: Any = self._inner
            return _TimedCredentials(scoped.with_scopes(scopes, default_scopes), self._answer_s)
        inner = copy.copy(self._inner)
        # A user's credentials have no other way; the connector does the same.
        inner._scopes = scopes  # noqa: SLF001
        return _TimedCredentials(inner, self._answer_s)

    def refresh(self, request: Any) -> None:
        """Get a new token."""
        self._inner.refresh(functools.partial(request, timeout=self._answer_s))
        self.token = self._inner.token
        self.expiry = self._inner.expiry


def load_credentials(settings: Settings) -> Any:
    """Return google-auth's credentials for the Admin API."""
    return google_login.load_credentials(settings.credentials_file, _SCOPES)


def _email(credentials: Any) -> str | None:
    """Return the account behind the credentials, where they know it."""
    for name in ("service_account_email", "account"):
        email = getattr(credentials, name, None)
        if isinstance(email, str) and "@" in email:
            return email
    return None


@contextmanager
def _impatient_sockets(limit_s: float) -> Iterator[None]:
    """Give new sockets a time limit: the connector opens its own without one, and would wait for ever.

    The limit is the whole process's: a socket that another thread opens in this moment gets it, too, unless
    it sets its own. All of this program's do.
    """
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(limit_s)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _run(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, and what it has left behind."""
    try:
        return loop.run_until_complete(work)
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))


def _tell_briefly(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # asyncio's own handler shows the error by repr(), which holds the bearer token.
    log.debug("the connector: %s", context.get("message"))


def _close(loop: asyncio.AbstractEventLoop, connector: Connector) -> None:
    if not loop.is_running():  # else the process ends in the middle of a connection
        _run(loop, connector.close_async())
        loop.close()
