"""Whether another computer can be reached, and what to ask of a firewall when not."""

from __future__ import annotations

import socket

from nexuslims_logger.admin.doctor.findings import Finding, fail, good

#: How long a connection may take to be made, seconds.
CONNECT_LIMIT_S = 8.0


def firewall(host: str, port: int) -> str:
    """Say what has to be open."""
    return f"Let this PC reach {host}, port {port} (TCP, outgoing), through every firewall in between."


def resolve(host: str, port: int) -> Finding:
    """Look the name up."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return fail(
            f"{host} is not known ({getattr(error, 'strerror', None) or error})",
            "Check how the name is written, this PC's network, and its name server (DNS, port 53).",
        )
    return good(f"{host} is {', '.join(dict.fromkeys(str(address[0]) for *_, address in found))}")


def connect(host: str, port: int) -> Finding:
    """Make a TCP connection, and give it up again."""
    try:
        with socket.create_connection((host, port), CONNECT_LIMIT_S):
            return good(f"{host} answers on port {port}")
    except ConnectionRefusedError:
        return fail(
            f"{host} refuses port {port}",
            f"Is this the right port, and does the server run? {firewall(host, port)}",
        )
    except (OSError, UnicodeError) as error:
        why = "no answer" if isinstance(error, TimeoutError) else getattr(error, "strerror", None) or error
        return fail(f"{host} cannot be reached on port {port} ({why})", firewall(host, port))
