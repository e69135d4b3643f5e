"""A stand-in for one Cloud SQL instance: Admin API, token endpoint, and the proxy before a real database server.

The connector and google-auth run against it unmodified, but for the port, which is Google's own and fixed. As in
Google's: a token is tied to the client certificate, and the database's user is the account's local part.
"""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import re
import secrets
import socket
import ssl
import struct
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID, ObjectIdentifier

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

INSTANCE = "lab-project:us-east1:nexus"
_TOKEN = ObjectIdentifier("1.3.6.1.4.1.99999.1")
_CLIENT_SSL = 0x0800
_SSL_REQUEST_BYTES = 32


class Authority:
    """A certificate authority."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usage = dict.fromkeys(
            (
                "digital_signature",
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "encipher_only",
                "decipher_only",
            ),
            False,
        )
        self.certificate = (
            _certificate(self._name, self._name, self._key.public_key(), timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**usage, key_cert_sign=True, crl_sign=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def sign(self, name: str, key: CertificatePublicKeyTypes, life: timedelta, token: bytes = b"") -> x509.Certificate:
        """Return a certificate for `key`, perhaps tied to a token, for a server on loopback as well."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (
            _certificate(subject, self._name, key, life)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        )
        if token:
            builder = builder.add_extension(x509.UnrecognizedExtension(_TOKEN, token), critical=False)
        return builder.sign(self._key, hashes.SHA256())


@dataclass
class Token:
    """An access token that was given out."""

    email: str
    expires: float

    @property
    def is_valid(self) -> bool:
        return time.time() < self.expires


@dataclass
class Weather:
    """What goes wrong; a test turns these while the stand-in runs.

    Attributes
    ----------
    api_answer
        The Admin API's answer to everything: status and message.
    api_hangs
        The Admin API answers nothing.
    token_answer
        The token endpoint's answer to everything: status and body.
    clock_ahead_s
        How far Google's clock is before this PC's.
    certificate_life
        Of client certificates.
    proxy
        ``ok``, ``hangs before TLS``, ``hangs after TLS``, ``frozen`` (nothing is forwarded).
    foreign_certificate
        The proxy shows a certificate of another authority.
    offers_nested_tls
        The database behind the proxy says that it speaks TLS.
    """

    api_answer: tuple[int, str] | None = None
    api_hangs: bool = False
    token_answer: tuple[int, dict[str, str]] | None = None
    clock_ahead_s: float = 0.0
    certificate_life: timedelta = timedelta(hours=1)
    proxy: str = "ok"
    foreign_certificate: bool = False
    offers_nested_tls: bool = False


class _QuietServer(http.server.ThreadingHTTPServer):
    """Serves the Admin API; a client that hangs up in the middle is part of the tests, and no news."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@dataclass
class CloudSqlStandin:
    """See the module; `start` and `stop`.

    Attributes
    ----------
    backend
        Opens a connection to the real database server.
    host, port
        Where the proxy listens. Every address of loopback's network will do, so that several can have Google's port.
    calls
        Method and path of every call of the Admin API.
    secrets
        Every token and key that was ever given out: nothing of it may be shown or logged.
    """

    backend: Callable[[], socket.socket]
    weather: Weather = field(default_factory=Weather)
    calls: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    port: int = 0
    host: str = "127.0.0.1"

    def __post_init__(self) -> None:
        self._authority, self._foreign = Authority("Google"), Authority("somebody")
        self._clients = Authority("clients")
        self._tokens: dict[str, Token] = {}
        self._refresh_tokens: dict[str, str] = {}
        self._keys: dict[str, rsa.RSAPublicKey] = {}
        self._open: list[socket.socket] = []
        self._guard = threading.Lock()
        self._over = threading.Event()
        self._listener: socket.socket | None = None
        self._http = _QuietServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True

    # --- life ------------------------------------------------------------------------------------------------

    def start(self) -> CloudSqlStandin:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        self.open_port()
        return self

    def stop(self) -> None:
        self._over.set()
        self._http.shutdown()
        self._http.server_close()
        self.close_port()

    def open_port(self) -> None:
        """Listen for databases' clients (again)."""
        self._listener = socket.create_server((self.host, self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close_port(self) -> None:
        """Refuse new connections, and drop the present ones."""
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        self.drop_all()

    def drop_all(self) -> None:
        """Cut every connection."""
        with self._guard:
            cut, self._open = self._open, []
        for end in cut:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    # --- credentials -----------------------------------------------------------------------------------------

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def service_account_file(self, email: str, path: Path) -> Path:
        """Write a key file whose token endpoint is this stand-in."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._keys[email] = key.public_key()
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        self.secrets.extend(line for line in pem.splitlines() if "-----" not in line)
        path.write_text(
            json.dumps(
                {
                    "type": "service_account",
                    "project_id": INSTANCE.split(":", maxsplit=1)[0],
                    "private_key_id": "1",
                    "private_key": pem,
                    "client_email": email,
                    "client_id": "1",
                    "token_uri": f"{self.endpoint}/token",
                    "universe_domain": "googleapis.com",
                }
            )
        )
        return path

    def user_credentials(self, email: str) -> dict[str, str]:
        """Return a refresh token with what belongs to it, as google-auth's user credentials take them."""
        token = f"1//{secrets.token_urlsafe(24)}"
        self._refresh_tokens[token] = email
        secret = secrets.token_urlsafe(24)
        self.secrets += (token, secret)
        return {
            "refresh_token": token,
            "token_uri": f"{self.endpoint}/token",
            "client_id": "client",
            "client_secret": secret,
        }

    def revoke(self, email: str) -> None:
        """Refuse new tokens to this account, and take back the ones it has."""
        self._keys.pop(email, None)
        self._refresh_tokens = {token: who for token, who in self._refresh_tokens.items() if who != email}
        for token in self._tokens.values():
            if token.email == email:
                token.expires = 0.0

    # --- Google's two services -------------------------------------------------------------------------------

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        standin = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the standard library
                pass

            def do_GET(self) -> None:
                self._answer(b"")

            def do_POST(self) -> None:
                self._answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

            def _answer(self, body: bytes) -> None:
                path = unquote(self.path)
                if path == "/token":
                    status, told = standin._token(body)
                else:
                    status, told = standin._admin(f"{self.command} {path}", self.headers.get("Authorization", ""), body)
                content = json.dumps(told).encode()
                with suppress(ConnectionError):
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)

        return Handler

    def _token(self, body: bytes) -> tuple[int, dict[str, Any]]:
        if self.weather.token_answer:
            return self.weather.token_answer
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if form.get("grant_type", "").endswith("jwt-bearer"):
            email, refusal = self._signed_by(form["assertion"])
            self.secrets.append(form["assertion"].rpartition(".")[2])
        else:
            email = self._refresh_tokens.get(form.get("refresh_token", ""), "")
            refusal = "" if email else "Token has been expired or revoked."
        if refusal:
            return 400, {"error": "invalid_grant", "error_description": refusal}
        token = f"ya29.{secrets.token_urlsafe(32)}"
        self.secrets.append(token)
        self._tokens[token] = Token(email, time.time() + 3600)
        return 200, {"access_token": token, "expires_in": 3600, "token_type": "Bearer"}

    def _signed_by(self, assertion: str) -> tuple[str, str]:
        """Return whose assertion it is, and why it is refused."""
        head, claims, signature = assertion.split(".")
        said = json.loads(_decoded(claims))
        now = time.time() + self.weather.clock_ahead_s
        if not said["iat"] - 300 <= now <= said["exp"]:
            return "", (
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
                " Check your iat and exp values in the JWT claim."
            )
        email = said["iss"]
        if email not in self._keys:
            return "", "Invalid grant: account not found"
        self._keys[email].verify(_decoded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
        return email, ""

    def _admin(self, call: str, authorization: str, body: bytes) -> tuple[int, dict[str, Any]]:
        self.calls.append(call)
        if self.weather.api_hangs:
            self._over.wait()
        if self.weather.api_answer:
            return _refusal(*self.weather.api_answer)
        token = self._tokens.get(authorization.removeprefix("Bearer "))
        if token is None or not token.is_valid:
            return _refusal(401, "Request had invalid authentication credentials.")
        found = re.search(r"/sql/v1beta4/projects/([^/]+)/instances/([^/:]+)(/connectSettings|:generateEph\w+)$", call)
        project, region, name = INSTANCE.split(":")
        if not found or (found[1], found[2]) != (project, name):
            return _refusal(404, "The Cloud SQL instance does not exist.")
        if found[3] == "/connectSettings":
            return 200, {
                "region": region,
                "databaseVersion": "MYSQL_8_4",
                "backendType": "SECOND_GEN",
                "ipAddresses": [{"type": "PRIMARY", "ipAddress": self.host}],
                "serverCaCert": {"cert": _pem(self._authority.certificate)},
            }
        asked = json.loads(body)
        key = serialization.load_pem_public_key(asked["public_key"].encode())
        assert isinstance(key, rsa.RSAPublicKey)
        tied = hashlib.sha256(asked["access_token"].encode()).digest()
        certificate = self._clients.sign(INSTANCE, key, self.weather.certificate_life, tied)
        return 200, {"ephemeralCert": {"cert": _pem(certificate)}}

    # --- the proxy -------------------------------------------------------------------------------------------

    def _tls(self) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        authority = self._foreign if self.weather.foreign_certificate else self._authority
        certificate = authority.sign(INSTANCE, key.public_key(), timedelta(days=1))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=_pem(self._clients.certificate))
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with tempfile.TemporaryDirectory() as folder:  # Windows opens no temporary file twice
            file = Path(folder) / "server.pem"
            file.write_bytes(pem + _pem(certificate).encode())
            context.load_cert_chain(file)
        return context

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            # The program's limit for new sockets is the process's, and a test may have both in one.
            raw.settimeout(None)
            with self._guard:
                self._open.append(raw)
            threading.Thread(target=self._serve, args=(raw,), daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        with suppress(OSError):
            if self.weather.proxy == "hangs before TLS":
                self._over.wait()
            client = self._tls().wrap_socket(raw, server_side=True)
            with self._guard:
                self._open.append(client)
            if self.weather.proxy == "hangs after TLS":
                self._over.wait()
            with client, self.backend() as server:
                server.settimeout(None)
                with self._guard:
                    self._open.append(server)
                self._log_in(client, server)
                back = threading.Thread(target=self._forward, args=(server, client), daemon=True)
                back.start()
                self._forward(client, server)
                back.join()

    def _log_in(self, client: ssl.SSLSocket, server: socket.socket) -> None:
        """Forward the first packets; refuse whoever is not the account that the certificate is tied to."""
        greeting = bytearray(_packet(server))
        flags = greeting.index(0, 5) + 1 + 4 + 8 + 1
        if self.weather.offers_nested_tls:
            greeting[flags + 1] |= _CLIENT_SSL >> 8
        else:
            greeting[flags + 1] &= 0xFF ^ (_CLIENT_SSL >> 8)
        client.sendall(greeting)
        answer = _packet(client)
        assert len(answer) - 4 > _SSL_REQUEST_BYTES, "TLS was begun inside the tunnel"
        user = answer[4 + 32 :].split(b"\0", 1)[0].decode()
        self.logins.append(user)
        shown = client.getpeercert(binary_form=True)
        assert shown is not None
        tied = x509.load_der_x509_certificate(shown).extensions.get_extension_for_oid(_TOKEN).value
        assert isinstance(tied, x509.UnrecognizedExtension)
        owner = next(
            token for text, token in self._tokens.items() if hashlib.sha256(text.encode()).digest() == tied.value
        )
        if owner.email.split("@")[0] != user or not owner.is_valid:
            words = f"Access denied for user '{user}'@'cloudsqlproxy~127.0.0.1' (using password: NO)".encode()
            refusal = b"\xff" + struct.pack("<H", 1045) + b"#28000" + words
            client.sendall(struct.pack("<I", len(refusal))[:3] + bytes([answer[3] + 1]) + refusal)
            raise ConnectionError
        server.sendall(answer)

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if self.weather.proxy == "frozen":
                    self._over.wait()
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: CertificatePublicKeyTypes, life: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + life)
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _refusal(status: int, message: str) -> tuple[int, dict[str, Any]]:
    return status, {"error": {"code": status, "message": message}}


def _packet(source: socket.socket) -> bytes:
    head = _exactly(source, 4)
    return head + _exactly(source, int.from_bytes(head[:3], "little"))


def _exactly(source: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        data = source.recv(count - len(found))
        if not data:
            raise ConnectionError
        found += data
    return found
