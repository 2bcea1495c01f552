"""Connecting to a checked address must not weaken TLS: the certificate still has to name the host."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from evalkit.backends.http import Http
from evalkit.errors import CorpusError
from tests.service import Quick

x509 = pytest.importorskip("cryptography.x509", reason="makes the certificate")


def certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """Writes a certificate of its own authority, and its key."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert, secret = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return cert, secret


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = self.headers["Host"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Serves wiki.test over TLS; every name leads here."""
    cert, key = certificate(tmp_path, "wiki.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    real = socket.getaddrinfo
    looked_up: list[str] = []

    def look_up(host: str, *rest: Any, **options: Any) -> Any:
        looked_up.extend([host] if host.endswith(".test") else [])
        return real("127.0.0.1" if host.endswith(".test") else host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(cert))
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()
    assert len(looked_up) == 1, "the address that was checked is the one connected to"


def test_the_host_is_proved_though_the_address_was_chosen(port: int) -> None:
    reply = Http(f"https://wiki.test:{port}", allow_private=True, pace=Quick()).get("/x")
    assert reply.body == f"wiki.test:{port}".encode()


def test_a_certificate_of_another_host_is_refused(port: int) -> None:
    with pytest.raises(CorpusError, match=r"no answer \(\w*Cert\w*Error"):
        Http(f"https://other.test:{port}", allow_private=True, pace=Quick()).get("/x")
