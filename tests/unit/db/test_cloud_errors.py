"""What goes wrong on the way to a Cloud SQL instance, as a table."""

from __future__ import annotations

import ssl
from typing import Any

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from google.auth import exceptions
from google.cloud.sql.connector import exceptions as connector
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from nexuslims_logger.db.cloud_errors import CONNECTING_ERRORS, Place, translate_connecting
from nexuslims_logger.errors import AccessDenied, ConfigurationError, DatabaseUnavailable, Defect, LoggerError

auth: Any = exceptions  # typed in part
PLACE = Place("lab:us-east1:nexus", "private", "sqladmin.googleapis.com port 443", "the key file")
TOKEN = "ya29.a-token"
KEY = ConnectionKey(
    "sqladmin.googleapis.com", 443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None
)


def answered(status: int, message: str = "It said so.") -> aiohttp.ClientResponseError:
    headers = CIMultiDictProxy(CIMultiDict({"Authorization": f"Bearer {TOKEN}"}))
    url = URL("https://sqladmin.googleapis.com/sql")
    return aiohttp.ClientResponseError(
        aiohttp.RequestInfo(url, "GET", headers, url), (), status=status, message=message
    )


TABLE: list[tuple[BaseException, type[LoggerError], str]] = [
    (answered(400), Defect, "400"),
    (answered(401), AccessDenied, "roles/cloudsql.instanceUser"),
    (answered(403), AccessDenied, "roles/cloudsql.client"),
    (answered(403, "Cloud SQL Admin API has not been used in project 7"), ConfigurationError, "gcloud services enable"),
    (answered(404), ConfigurationError, "NEXUSLIMSGUI_CLOUDSQL_INSTANCE"),
    (answered(408), DatabaseUnavailable, "408"),
    (answered(429), DatabaseUnavailable, "429"),
    (answered(500), DatabaseUnavailable, "500"),
    (answered(503), DatabaseUnavailable, "503"),
    (
        aiohttp.ClientConnectorError(KEY, OSError(113, "No route")),
        DatabaseUnavailable,
        "sqladmin.googleapis.com port 443",
    ),
    (
        aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "No name")),
        DatabaseUnavailable,
        "sqladmin.googleapis.com port 443",
    ),
    (aiohttp.ServerDisconnectedError(), DatabaseUnavailable, "Admin API"),
    (
        aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError("self-signed")),
        AccessDenied,
        "proxy that opens encrypted connections",
    ),
    (auth.TransportError("no route"), DatabaseUnavailable, "oauth2.googleapis.com port 443"),
    (auth.TransportError("[SSL: CERTIFICATE_VERIFY_FAILED]"), AccessDenied, "oauth2.googleapis.com"),
    (auth.RefreshError("internal_failure", {}, retryable=True), DatabaseUnavailable, "tried again"),
    (auth.RefreshError("invalid_grant: Token has been expired or revoked.", {}), AccessDenied, "the key file"),
    (auth.RefreshError("invalid_grant: Invalid JWT Signature.", {}), AccessDenied, "the key file"),
    (
        auth.RefreshError("invalid_grant: Invalid JWT: Token must be in a reasonable timeframe. Check your iat", {}),
        AccessDenied,
        "clock",
    ),
    (auth.ReauthFailError("Reauthentication is needed."), AccessDenied, "the key file"),
    (auth.DefaultCredentialsError("not found"), ConfigurationError, "NEXUSLIMSGUI_CREDENTIALS_FILE"),
    (auth.MalformedError("no client_email"), ConfigurationError, "NEXUSLIMSGUI_CREDENTIALS_FILE"),
    (connector.CloudSQLIPTypeError("no such address"), ConfigurationError, "NEXUSLIMSGUI_CLOUDSQL_IP_TYPE"),
    (connector.AutoIAMAuthNotSupported("SQLSERVER"), ConfigurationError, "not a MySQL instance"),
    (connector.IncompatibleDriverError("POSTGRES"), ConfigurationError, "not a MySQL instance"),
    (connector.CloudSQLConnectionError("no certificate"), Defect, "CloudSQLConnectionError"),
    (ssl.SSLCertVerificationError("unknown authority"), AccessDenied, "does not prove to be lab:us-east1:nexus"),
    (ssl.SSLError("handshake failure"), DatabaseUnavailable, "port 3307"),
    (ConnectionRefusedError(111, "refused"), DatabaseUnavailable, "private address, port 3307"),
    (TimeoutError(), DatabaseUnavailable, "port 3307"),
    (ValueError("Provided region was mismatched"), ConfigurationError, "NEXUSLIMSGUI_CLOUDSQL_INSTANCE"),
    (KeyError("region"), Defect, "KeyError"),
]


@pytest.mark.parametrize(("error", "kind", "words"), TABLE, ids=lambda value: str(value)[:40])
def test_each_error_has_its_answer(error: BaseException, kind: type[LoggerError], words: str) -> None:
    assert isinstance(error, CONNECTING_ERRORS)
    told = translate_connecting(error, PLACE)

    assert type(told) is kind
    assert words in str(told)
    assert TOKEN not in f"{told!r} {told}"


def test_time_that_is_over_before_the_instance_is_the_admin_apis() -> None:
    told = translate_connecting(TimeoutError(), PLACE, preparing=True)

    assert type(told) is DatabaseUnavailable
    assert "sqladmin.googleapis.com port 443" in told.message
