"""Every error of the way to a bucket, in a user's words; the rows are what Google and the libraries really say."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from google.api_core.exceptions import GoogleAPICallError, RetryError, from_http_status
from google.auth import exceptions as auth_exceptions

from nexuslims_logger.config import load_settings
from nexuslims_logger.errors import (
    AccessDenied,
    ChecksumMismatch,
    ConfigurationError,
    FileProblem,
    LoggerError,
    NameRefused,
    PreconditionFailed,
    ReplacingDenied,
    StopAndTell,
    StoreUnavailable,
)
from nexuslims_logger.storage.gcs_errors import CALLING_ERRORS, Place, is_missing_bucket, is_transient, translate

#: They are typed in part.
AUTH: Any = auth_exceptions
PLACE = Place("micro", "https://storage.googleapis.com", "the file key.json")
ACCOUNT = "tem1@lab.iam.gserviceaccount.com"
UNTRUSTED = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in certificate chain"


def answer(status: int, said: str, reason: str = "") -> GoogleAPICallError:
    parts = [{"message": said, "domain": "global", "reason": reason}] if reason else []
    error: GoogleAPICallError = from_http_status(status, said, errors=parts)  # type: ignore[no-untyped-call]
    return error


def lacks(permission: str) -> GoogleAPICallError:
    said = (
        f"{ACCOUNT} does not have {permission} access to the Google Cloud Storage object. Permission '{permission}'"
        " denied on resource (or it may not exist)."
    )
    return answer(403, said, "forbidden")


def retried(cause: BaseException) -> RetryError:
    library: Any = RetryError  # typed in part
    error: RetryError = library("Timeout of 20.0s exceeded", cause=cause)
    return error


TABLE: list[tuple[BaseException, type[LoggerError], str]] = [
    (requests.ConnectionError("Max retries exceeded"), StoreUnavailable, "storage.googleapis.com port 443"),
    (requests.exceptions.ReadTimeout("Read timed out."), StoreUnavailable, "does not answer"),
    (requests.exceptions.ChunkedEncodingError("IncompleteRead"), StoreUnavailable, "does not answer"),
    (requests.exceptions.SSLError("EOF occurred in violation of protocol"), StoreUnavailable, "does not answer"),
    (requests.exceptions.ProxyError("Cannot connect to proxy."), StoreUnavailable, "firewall"),
    (ConnectionError("ReadTimeout"), StoreUnavailable, "does not answer"),
    (ConnectionResetError(104, "Connection reset by peer"), StoreUnavailable, "does not answer"),
    (requests.exceptions.JSONDecodeError("Expecting value", "<html>", 0), StoreUnavailable, "login page"),
    (requests.exceptions.SSLError(UNTRUSTED), AccessDenied, "does not prove to be Google"),
    (ConnectionError("CERTIFICATE_VERIFY_FAILED"), AccessDenied, "does not prove to be Google"),
    (answer(408, "Request Timeout"), StoreUnavailable, "408|Request Timeout"),
    (answer(429, "The object exceeded the rate limit", "rateLimitExceeded"), StoreUnavailable, "rate limit"),
    (answer(500, "Internal Error", "internalError"), StoreUnavailable, "Internal Error"),
    (answer(502, ""), StoreUnavailable, "tried again"),
    (answer(503, "Service Unavailable", "backendError"), StoreUnavailable, "Service Unavailable"),
    (answer(504, ""), StoreUnavailable, "tried again"),
    (answer(409, "The metadata for object was edited during the operation", "conflict"), StoreUnavailable, "edited"),
    (retried(answer(503, "Service Unavailable")), StoreUnavailable, "Service Unavailable"),
    (retried(requests.ConnectionError("refused")), StoreUnavailable, "does not answer"),
    (answer(401, "Invalid Credentials", "authError"), AccessDenied, "clock"),
    (lacks("storage.objects.create"), AccessDenied, "storage.objects.create, to send files"),
    (lacks("storage.objects.get"), AccessDenied, "storage.objects.get, to compare"),
    (lacks("storage.objects.delete"), AccessDenied, "storage.objects.delete, to replace"),
    (lacks("storage.objects.update"), AccessDenied, "storage.objects.update, to bring"),
    (lacks("storage.objects.list"), AccessDenied, "storage.objects.list, to list"),
    (lacks("storage.buckets.get"), AccessDenied, "storage.buckets.get, to look"),
    (lacks("storage.multipartUploads.create"), AccessDenied, "storage.multipartUploads.create"),
    (answer(403, "Forbidden", "forbidden"), AccessDenied, "administrator of gs://micro"),
    (answer(403, "Rate Limit Exceeded", "userRateLimitExceeded"), StoreUnavailable, "Rate Limit"),
    (answer(403, "The project has exceeded its quota", "quotaExceeded"), StoreUnavailable, "quota"),
    (
        answer(403, "The project to be billed is associated with a closed billing account.", "accountDisabled"),
        AccessDenied,
        "Billing of the project",
    ),
    (
        answer(403, "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: x"),
        AccessDenied,
        "network policy",
    ),
    (
        answer(
            403,
            "Object 'micro/a.tif' is subject to bucket's retention policy and cannot be deleted or overwritten until"
            " 2030-01-01T00:00:00Z",
            "retentionPolicyNotMet",
        ),
        ReplacingDenied,
        "second name",
    ),
    (
        answer(403, "Object 'a' is under active Event-Based hold", "objectUnderActiveHold"),
        ReplacingDenied,
        "second name",
    ),
    (answer(404, "The specified bucket does not exist.", "notFound"), ConfigurationError, "NEXUSLIMSGUI_DATA_BUCKET"),
    (answer(412, "At least one of the pre-conditions you specified did not hold."), PreconditionFailed, "a.tif"),
    (
        answer(400, 'Provided MD5 hash "x" doesn\'t match calculated MD5 hash "y".', "invalid"),
        ChecksumMismatch,
        "sent again",
    ),
    (answer(400, "Invalid object name: 'a'", "invalid"), NameRefused, "Invalid object name"),
    (answer(400, "Bucket is a requester pays bucket", "userProjectMissing"), ConfigurationError, "requester-pays"),
    (answer(400, "Bad Request", "badRequest"), FileProblem, "400: Bad Request"),
    (answer(413, "Upload too large", "uploadTooLarge"), FileProblem, "413"),
    (AUTH.DefaultCredentialsError("none"), ConfigurationError, "key.json"),
    (AUTH.TransportError("Connection refused"), StoreUnavailable, "oauth2.googleapis.com"),
    (AUTH.RefreshError("invalid_grant: Account has been deleted"), AccessDenied, "Account has been deleted"),
    (AUTH.RefreshError("internal_failure", retryable=True), StoreUnavailable, "internal_failure"),
    (ValueError("Could not deserialize key data."), ConfigurationError, "key.json"),
]


@pytest.mark.parametrize(("error", "kind", "words"), TABLE, ids=lambda value: str(value)[:40])
def test_what_an_error_means(error: BaseException, kind: type[LoggerError], words: str) -> None:
    assert isinstance(error, CALLING_ERRORS)
    told = translate(error, PLACE, "Titan/a.tif")
    assert type(told) is kind
    assert any(word in told.message for word in words.split("|")), told.message
    assert told.title
    assert "{" not in told.message
    # Only what may be better in a moment is tried again by itself.
    assert is_transient(error) == (kind is StoreUnavailable)
    if issubclass(kind, StopAndTell):
        assert len(told.message) > 60, "a person is told what to do"


def test_two_kinds_of_missing() -> None:
    assert is_missing_bucket(answer(404, "The specified bucket does not exist."))
    assert not is_missing_bucket(answer(404, "No such object: my-bucket/Titan/a.tif"))
    assert not is_missing_bucket(answer(404, ""))


@pytest.mark.parametrize("error", [KeyError("x"), AssertionError(), RuntimeError()])
def test_a_defect_is_not_tried_again(error: Exception) -> None:
    assert not is_transient(error)


def test_the_request_is_not_repeated_to_a_user() -> None:
    error = answer(403, "GET https://storage.googleapis.com/storage/v1/b/micro/o/a?upload_id=SECRET: Forbidden")
    assert "SECRET" not in translate(error, PLACE, "a").message


@pytest.mark.parametrize(
    ("host", "endpoint", "named"),
    [
        (None, "https://storage.googleapis.com", "storage.googleapis.com port 443"),
        ("http://127.0.0.1:9023/", "http://127.0.0.1:9023", "127.0.0.1 port 9023"),
        ("localhost:9023", "http://localhost:9023", "localhost port 9023"),
    ],
)
def test_where_the_bucket_is(host: str | None, endpoint: str, named: str, tmp_path: Any) -> None:
    environ = {"HOME": str(tmp_path), "NEXUSLIMSGUI_DATA_BUCKET": "micro"}
    place = Place.of(load_settings(environ | ({"STORAGE_EMULATOR_HOST": host} if host else {})))
    assert (place.bucket, place.endpoint, place.host) == ("micro", endpoint, named)
