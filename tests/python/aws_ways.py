"""What stands between a corporate laptop and AWS, each as a small server of the tests' own: an SSO portal, a private
certificate authority in front of a region, and a proxy that only passes what it is asked to."""

import datetime
import http.server
import ipaddress
import json
import select
import socket
import ssl
import threading
from contextlib import contextmanager

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@contextmanager
def serving(handler):
    """A threaded HTTP server on a free port, its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def portal(status, answer):
    """Answers every GET alike and remembers what was asked: paths and headers."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, dict(self.headers)))
            body = json.dumps(answer).encode()
            self.send_response(status)
            if status != 200:
                self.send_header("x-amzn-ErrorType", answer["__type"])
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with serving(Handler) as url:
        yield url, asked


def _pipe(one, other):
    """Carries bytes both ways until either side ends."""
    with one, other:
        while True:
            pending = getattr(one, "pending", lambda: 0)() or getattr(other, "pending", lambda: 0)()
            ready = [one, other] if pending else select.select([one, other], [], [], 30)[0]
            if not ready:
                return
            for side in ready:
                if pending and not getattr(side, "pending", lambda: 0)():
                    continue
                data = side.recv(65536)
                if not data:
                    return
                (other if side is one else one).sendall(data)


class _Listener:
    """Accepts connections and gives each to `self.serve` in a thread of its own."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()

    def _accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._guarded, args=(connection,), daemon=True).start()

    def _guarded(self, connection):
        try:
            self.serve(connection)
        except OSError:
            connection.close()


class PrivateTls(_Listener):
    """TLS with a certificate of a private authority for `name`, in front of a clear-text port of this machine."""

    def __init__(self, folder, name, port):
        super().__init__()
        self.behind = port
        self.ca = folder / "private-ca.pem"
        chain, key = folder / "region.pem", folder / "region.key"
        _certificates(name, self.ca, chain, key)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(chain, key)

    def serve(self, connection):
        secured = self.context.wrap_socket(connection, server_side=True)
        _pipe(secured, socket.create_connection(("127.0.0.1", self.behind)))


class ConnectProxy(_Listener):
    """A proxy that knows one name, leads it to a port of this machine, and remembers whom it was asked for."""

    def __init__(self, name, port, credentials=None):
        super().__init__()
        self.name, self.behind, self.credentials = name, port, credentials
        self.asked = []

    def serve(self, connection):
        head = b""
        while b"\r\n\r\n" not in head:
            more = connection.recv(4096)
            if not more:
                return
            head += more
        lines = head.decode().split("\r\n")
        self.asked.append(lines[0])
        sent = [line for line in lines if line.lower().startswith("proxy-authorization:")]
        if self.credentials and not any(self.credentials in line for line in sent):
            connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
            connection.close()
        elif lines[0].startswith(f"CONNECT {self.name}:"):
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _pipe(connection, socket.create_connection(("127.0.0.1", self.behind)))
        else:
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
            connection.close()


def _certificates(name, ca_file, chain_file, key_file):
    now = datetime.datetime.now(datetime.timezone.utc)

    def build(subject, issuer, key, signer, extensions):
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(signer, hashes.SHA256())

    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = build(
        "private ca", "private ca", ca_key, ca_key, [(x509.BasicConstraints(ca=True, path_length=0), True)]
    )
    names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    leaf = build(name, "private ca", key, ca_key, [(x509.SubjectAlternativeName(names), False)])
    pem = serialization.Encoding.PEM
    ca_file.write_bytes(authority.public_bytes(pem))
    chain_file.write_bytes(leaf.public_bytes(pem))
    key_file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
