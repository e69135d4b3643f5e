"""What goes wrong on the way to a Cloud SQL instance, in a user's words.

Everything before the database's own login: credentials, token, Admin API, certificate, the instance's port.
Nothing of an error but its text is used: `repr` of an answer holds the bearer token.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import aiohttp
from google.auth.exceptions import GoogleAuthError
from google.cloud.sql.connector import exceptions as connector_errors

from nexuslims_logger.errors import (
    TRIED_AGAIN,
    AccessDenied,
    ConfigurationError,
    DatabaseUnavailable,
    Defect,
    LoggerError,
)
from nexuslims_logger.google_login import away, name_credentials, not_trusted, translate_login

if TYPE_CHECKING:
    from nexuslims_logger.config import Settings

#: The port at which every Cloud SQL instance takes encrypted connections.
INSTANCE_PORT = 3307
ADMIN_API = "https://sqladmin.googleapis.com"

#: What connecting may raise besides the driver's errors, which are translated as every database's.
CONNECTING_ERRORS = (
    aiohttp.ClientError,
    GoogleAuthError,
    OSError,
    connector_errors.AutoIAMAuthNotSupported,
    connector_errors.CacheClosedError,
    connector_errors.CloudSQLConnectionError,
    connector_errors.CloudSQLIPTypeError,
    connector_errors.DnsResolutionError,
    connector_errors.IncompatibleDriverError,
    connector_errors.TLSVersionError,
    ValueError,
    KeyError,
)

_UNREACHABLE = "The database cannot be reached"
_REFUSED = "Google Cloud refuses access to the database"
_WRONG = "The Cloud SQL settings have to be changed"
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _SERVER_ERROR = 401, 403, 404, 500
_LATER_STATUS = frozenset({408, 429})


@dataclass(frozen=True)
class Place:
    """Which instance is meant, and who is asked for the way."""

    instance: str
    ip_type: str
    api_host: str
    credentials: str

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Take it from the settings."""
        parts = urlsplit(settings.cloudsql_api_endpoint or ADMIN_API)
        return cls(
            instance=settings.cloudsql_instance or "",
            ip_type=settings.cloudsql_ip_type.value,
            api_host=f"{parts.hostname} port {parts.port or (443 if parts.scheme == 'https' else 80)}",
            credentials=name_credentials(settings.credentials_file),
        )


def no_user() -> ConfigurationError:
    """Return the error of credentials that do not tell whose they are."""
    return ConfigurationError(
        _WRONG,
        "NEXUSLIMSGUI_DB_USER is missing, and the credentials do not say whose they are. Set it to the account's"
        " e-mail address, which is also its name as a database user.",
    )


def translate_connecting(error: BaseException, place: Place, *, preparing: bool = False) -> LoggerError:
    """Return what an error on the way to the instance means.

    Parameters
    ----------
    error
        One of `CONNECTING_ERRORS`.
    place
        For the words.
    preparing
        Whether the time was over before the instance itself was asked.
    """
    if isinstance(error, aiohttp.ClientError) or preparing:
        return _admin_api(error, place)
    if isinstance(error, GoogleAuthError):
        return translate_login(error, place.credentials, DatabaseUnavailable, _UNREACHABLE)
    if isinstance(error, ssl.SSLCertVerificationError):  # before OSError and ValueError, both of which it is
        return AccessDenied(
            "The database's certificate is not trusted",
            f"What answers at port {INSTANCE_PORT} does not prove to be {place.instance}; no data were sent to it."
            " This may be another server than the one expected. Tell the facility manager.",
        )
    if isinstance(error, OSError):
        return _away(f"The Cloud SQL instance {place.instance}", f"its {place.ip_type} address, port {INSTANCE_PORT}")
    return _instance(error, place)


def _instance(error: BaseException, place: Place) -> LoggerError:
    """Translate what the connector itself finds wrong."""
    setting = f"NEXUSLIMSGUI_CLOUDSQL_INSTANCE is {place.instance!r}"
    if isinstance(error, connector_errors.CloudSQLIPTypeError):
        return ConfigurationError(
            _WRONG,
            f"NEXUSLIMSGUI_CLOUDSQL_IP_TYPE is {place.ip_type!r}, and {place.instance} has no such address. Choose"
            " public, private or psc, as the instance's administrator says.",
        )
    if isinstance(error, (connector_errors.AutoIAMAuthNotSupported, connector_errors.IncompatibleDriverError)):
        return ConfigurationError(_WRONG, f"{setting}, which is not a MySQL instance.")
    if isinstance(error, ValueError):
        return ConfigurationError(_WRONG, f"{setting}: {error}")
    return Defect(
        "Unexpected error of the connection to Cloud SQL",
        f"{type(error).__name__}; the log has the details. Tell the facility manager.",
    )


def _admin_api(error: BaseException, place: Place) -> LoggerError:
    if isinstance(error, (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError)):
        return not_trusted(place.api_host)
    if isinstance(error, aiohttp.ClientResponseError):
        return _answered(error.status, error.message, place)
    return _away("Google's Cloud SQL Admin API", place.api_host)


def _answered(status: int, said: str, place: Place) -> LoggerError:
    """Translate an answer of the Admin API."""
    words = f"Google's Cloud SQL Admin API answered {status}: {said.rstrip('.')}."
    if status == _NOT_FOUND:
        return ConfigurationError(
            _WRONG,
            f"There is no Cloud SQL instance {place.instance!r}: check NEXUSLIMSGUI_CLOUDSQL_INSTANCE"
            f" (project:region:name). {words}",
        )
    if status == _FORBIDDEN and ("has not been used" in said or "disabled" in said):
        return ConfigurationError(
            "The Cloud SQL Admin API is switched off",
            f"Ask the project's administrator for 'gcloud services enable sqladmin.googleapis.com'. {words}",
        )
    if status in {_UNAUTHORIZED, _FORBIDDEN}:
        return AccessDenied(
            _REFUSED,
            "The account needs the roles roles/cloudsql.client and roles/cloudsql.instanceUser on"
            f" {place.instance}; ask the project's administrator. {words}",
        )
    if status in _LATER_STATUS or status >= _SERVER_ERROR:
        return DatabaseUnavailable(_UNREACHABLE, f"{TRIED_AGAIN}. {words}")
    return Defect("Unexpected answer of Google Cloud", f"Tell the facility manager. {words}")


def _away(what: str, where: str) -> LoggerError:
    return DatabaseUnavailable(_UNREACHABLE, away(what, where))
