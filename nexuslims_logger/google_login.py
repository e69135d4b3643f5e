"""Who this PC is to Google, for Cloud SQL and Cloud Storage alike; imported only where one of them is configured."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import google.auth
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, RefreshError, TransportError

from nexuslims_logger.errors import TRIED_AGAIN, AccessDenied, ConfigurationError, LoggerError, TryLater

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def load_credentials(file: Path | None, scopes: Sequence[str]) -> Any:
    """Return google-auth's credentials, from the file that the settings name or the account's own.

    Raises
    ------
    google.auth.exceptions.GoogleAuthError, ValueError, OSError
        There are none, or they cannot be read; `translate_login` has the words.
    """
    library: Any = google.auth  # typed in part
    if file is None:
        return library.default(scopes=scopes)[0]
    with warnings.catch_warnings():
        # The loader warns of files from strangers; this one the facility has named.
        warnings.simplefilter("ignore", DeprecationWarning)
        return library.load_credentials_from_file(str(file), scopes=scopes)[0]


def name_credentials(file: Path | None) -> str:
    """Tell a person where the credentials come from."""
    if file:
        return f"the file that NEXUSLIMSGUI_CREDENTIALS_FILE names ({file})"
    return "this account's Application Default Credentials ('gcloud auth application-default login')"


def translate_login(error: GoogleAuthError, named: str, unavailable: type[TryLater], title: str) -> LoggerError:
    """Return what it means that there is no token.

    Parameters
    ----------
    error
        Of google-auth; nothing but its text is used.
    named
        From `name_credentials`.
    unavailable, title
        The error for a service that is away, and its heading.
    """
    said = str(error.args[0]) if error.args else type(error).__name__
    if isinstance(error, DefaultCredentialsError):
        return ConfigurationError(
            "There are no usable Google credentials",
            f"Looked for: {named}. Set NEXUSLIMSGUI_CREDENTIALS_FILE to a key file, or log in with"
            " 'gcloud auth application-default login'.",
        )
    if "CERTIFICATE_VERIFY_FAILED" in said:
        return not_trusted("oauth2.googleapis.com port 443")
    if isinstance(error, TransportError):
        return unavailable(title, away("Google's token service", "oauth2.googleapis.com port 443"))
    if isinstance(error, RefreshError) and error.retryable:
        return unavailable(title, f"{TRIED_AGAIN}. Google's token service has a problem: {said}.")
    if "iat" in said.split() or "reasonable timeframe" in said:
        return AccessDenied(
            "This PC's clock is wrong",
            "Google accepts no login with such a time. Set the PC's date, time and time zone (best: by itself, from"
            f" the network), then try again. Google said: {said}",
        )
    return AccessDenied(
        "Google does not accept the credentials",
        f"They were revoked, have expired, or belong to a deleted account: {named}. Ask the facility"
        f" manager for new ones. Google said: {said}",
    )


def away(what: str, where: str) -> str:
    """Tell of a service that does not answer, and what to open for it."""
    return (
        f"{TRIED_AGAIN}. {what} does not answer. If this lasts: is the network there, and does the firewall let this PC"
        f" connect to {where}?"
    )


def not_trusted(host: str) -> LoggerError:
    """Return the error of a certificate that is not Google's."""
    return AccessDenied(
        "Google's certificate is not trusted",
        f"What answers at {host} does not prove to be Google: perhaps a proxy that opens encrypted connections."
        " Ask the network's administrator to let this host through unopened.",
    )
