"""The way to a Cloud SQL instance: who we are, what Google says of the instance, and its port."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from nexuslims_logger.admin.doctor.findings import Check, Finding, fail, good
from nexuslims_logger.admin.doctor.network import connect, firewall
from nexuslims_logger.config import IpType
from nexuslims_logger.errors import TryLater

if TYPE_CHECKING:
    from nexuslims_logger.config import Settings

_API = "https://sqladmin.googleapis.com"
_TOKENS = "https://oauth2.googleapis.com/token"
_HTTP_LIMIT_S = 10.0
#: Asking for default credentials may ask the metadata server of a machine in the cloud, which is not there.
_CREDENTIALS_LIMIT_S = 15.0
#: What the Admin API calls an address, by our setting.
_ADDRESS = {IpType.PUBLIC: "PRIMARY", IpType.PRIVATE: "PRIVATE"}
_WORDS_OF_GOOGLE = 200


class CloudSqlSteps:
    """The looks before the login; each stands on those before it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._credentials: Any = None
        self._host = ""

    def checks(self) -> tuple[Check, ...]:
        """Return them in order."""
        return (
            Check("credentials", self.credentials, _reach(_TOKENS), limit_s=_CREDENTIALS_LIMIT_S),
            Check("Admin API", self.admin_api, _reach(self._endpoint), limit_s=_HTTP_LIMIT_S + 1),
            Check("port", self.port, "The instance does not answer."),
        )

    @property
    def _endpoint(self) -> str:
        return (self._settings.cloudsql_api_endpoint or _API).rstrip("/")

    def credentials(self) -> Finding:
        """Load the credentials and turn them into a token."""
        from google.auth.exceptions import GoogleAuthError
        from google.auth.transport.requests import Request

        from nexuslims_logger.db.cloud_errors import Place, translate_connecting
        from nexuslims_logger.db.cloud_sql import load_credentials

        request: Any = Request  # it is typed in part
        try:
            self._credentials = load_credentials(self._settings)
            self._credentials.refresh(functools.partial(request(), timeout=_HTTP_LIMIT_S))
        except (GoogleAuthError, ValueError, OSError) as error:
            # Its own remedy names Google's host; a federation's or a test's may be another.
            told = translate_connecting(error, Place.of(self._settings))
            tokens = getattr(self._credentials, "_token_uri", None) or _TOKENS
            return fail(told.title, f"{told.message} {_reach(tokens) if isinstance(told, TryLater) else ''}".strip())
        file = self._settings.credentials_file
        who = getattr(self._credentials, "service_account_email", None) or getattr(self._credentials, "account", None)
        return good(f"{who or 'accepted'}, from {file or 'Application Default Credentials'}")

    def admin_api(self) -> Finding:
        """Ask where the instance is."""
        import requests
        from google.auth.exceptions import GoogleAuthError
        from google.auth.transport.requests import AuthorizedSession

        authorized: Any = AuthorizedSession  # it is typed in part
        instance = self._settings.cloudsql_instance or ""
        project, _, name = (*instance.rsplit(":", 2), "", "")[:3]
        address = f"{self._endpoint}/sql/v1beta4/projects/{project}/instances/{name}/connectSettings"
        try:
            with authorized(self._credentials) as session:
                answer = session.get(address, timeout=_HTTP_LIMIT_S, max_allowed_time=_HTTP_LIMIT_S)
                content = answer.json()
        except (requests.RequestException, GoogleAuthError, ValueError) as error:
            return fail(
                f"{urlsplit(self._endpoint).hostname} cannot be reached: {type(error).__name__}", _reach(self._endpoint)
            )
        if answer.status_code != requests.codes.ok:
            return self._refused(answer.status_code, content)
        return self._located(instance, content)

    def _refused(self, status: int, content: Any) -> Finding:
        words = content.get("error", {}) if isinstance(content, dict) else {}
        said = str(words.get("message", "") if isinstance(words, dict) else words)[:_WORDS_OF_GOOGLE]
        remedies = {
            401: "The credentials are not accepted: check this PC's clock, then ask for a new credentials file.",
            403: (
                "Give the account the role roles/cloudsql.client, switch the Cloud SQL Admin API on, and check the"
                " project in NEXUSLIMSGUI_CLOUDSQL_INSTANCE."
            ),
            404: "Check NEXUSLIMSGUI_CLOUDSQL_INSTANCE: project:region:name, as the instance's page shows it.",
        }
        return fail(f"HTTP {status}: {said}", remedies.get(status, "Try again later; status.cloud.google.com tells."))

    def _located(self, instance: str, content: dict[str, Any]) -> Finding:
        kind = self._settings.cloudsql_ip_type
        region = content.get("region", "")
        if region != instance.split(":")[-2]:
            return fail(
                f"the instance is in the region {region}", "Correct the middle part of NEXUSLIMSGUI_CLOUDSQL_INSTANCE."
            )
        if kind is IpType.PSC:
            names = [one.get("name", "") for one in content.get("dnsNames", [])] + [content.get("dnsName") or ""]
            self._host = next((name for name in names if name), "")
        else:
            addresses = {one.get("type"): one.get("ipAddress") for one in content.get("ipAddresses", [])}
            self._host = addresses.get(_ADDRESS[kind]) or ""
        if not self._host:
            return fail(
                f"the instance has no {kind} address",
                "Set NEXUSLIMSGUI_CLOUDSQL_IP_TYPE to one that it has: public, private or psc.",
            )
        version = str(content.get("databaseVersion", ""))
        if not version.startswith("MYSQL"):
            return fail(f"the instance is {version}, not MySQL", "Name a MySQL instance.")
        return good(f"{version} at {self._host} ({kind})")

    def port(self) -> Finding:
        """Connect to the instance's proxy port."""
        from google.cloud.sql.connector import connector

        return connect(self._host, connector.SERVER_PROXY_PORT)


def _reach(url: str) -> str:
    parts = urlsplit(url)
    return firewall(parts.hostname or url, parts.port or (80 if parts.scheme == "http" else 443))
