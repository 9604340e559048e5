"""TLS to providers on the loop of production: kept connections, long answers, misfit certificates."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from proxy import http1

LONG = bytes(range(256)) * 4096  # 1 MB


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of `localhost`, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


async def _calls(certificate: Path, trusted: ssl.SSLContext | None, host: str) -> tuple[list[bytes], int]:
    """Three answers of a TLS server, and how many connections it had."""
    connections = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        try:
            while await reader.readuntil(b"{}"):
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(LONG), LONG))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    own = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    own.load_cert_chain(certificate)
    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=own)
    port = server.sockets[0].getsockname()[1]
    pool = http1.Pool(trusted)
    answers = []
    try:
        for _ in range(3):
            answer = await pool.post(http1.Target.of(f"https://{host}:{port}/v1", {}), b"{}")
            parts = []
            while data := await answer.read():
                parts.append(data)
            answer.close()
            answers.append(b"".join(parts))
    finally:
        pool.close()
        server.close()
    return answers, connections


def test_calls_share_a_connection_and_a_long_answer_arrives_whole(certificate: Path):
    trusted = ssl.create_default_context(cafile=str(certificate))
    answers, connections = uvloop.run(_calls(certificate, trusted, "localhost"))
    assert answers == [LONG] * 3
    assert connections == 1


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"], ids=["nobody's signature", "another name"])
def test_a_certificate_that_does_not_fit_is_no_connection(certificate: Path, host: str):
    trusted = ssl.create_default_context(cafile=str(certificate)) if host == "127.0.0.1" else None
    with pytest.raises(http1.Unreachable):
        uvloop.run(_calls(certificate, trusted, host))
