"""HTTP over a unix socket, down to the bytes: what the docker client would never send, tests must."""

import http.client
import json
import socket
import urllib.parse


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__('localhost', timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def lines(self):
        """Objects of a stream of JSON texts, one a line."""
        return [json.loads(line) for line in self.body.splitlines() if line.strip()]

    def __repr__(self):
        return f'<{self.status} {self.body[:300]!r}>'


def request(path, method, target, body=None, headers=None, timeout=60, query=None):
    """One request, the whole answer. dict and list bodies become JSON; query values that are dicts too (filters)."""
    headers = dict(headers or {})
    if isinstance(body, (dict, list)):
        body = json.dumps(body).encode()
        headers.setdefault('Content-Type', 'application/json')
    if query:
        target += '?' + urllib.parse.urlencode(
            {k: json.dumps(v) if isinstance(v, dict) else v for k, v in query.items()})
    connection = _UnixConnection(path, timeout)
    try:
        connection.request(method, target, body=body, headers=headers)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def stream(path, method, target, body=None, headers=None, timeout=60):
    """(connection, response) with the body unread, for events, logs and waits; close the connection."""
    connection = _UnixConnection(path, timeout)
    connection.request(method, target, body=body, headers=headers or {})
    return connection, connection.getresponse()


def raw(path, data, timeout=20, limit=1 << 20, shut=False):
    """Sends bytes as they are, returns what came back until the peer closes, the limit or the timeout."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(timeout)
        sock.connect(str(path))
        try:
            sock.sendall(data)
            if shut:
                sock.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass                 # refused before we were done: the answer may still be readable
        out = b''
        try:
            while len(out) < limit:
                chunk = sock.recv(65536)
                if not chunk:
                    break
                out += chunk
        except (ConnectionResetError, socket.timeout):
            pass
        return out


class Hijacked:
    """A connection after 101 UPGRADED: raw bytes both ways, with the multiplexed frames taken apart on demand."""

    def __init__(self, path, target, body=None, timeout=30):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(timeout)
        self.sock.connect(str(path))
        data = json.dumps(body).encode() if body is not None else b''
        head = (f'POST {target} HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n'
                f'Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n')
        self.sock.sendall(head.encode() + data)
        self.pending = b''
        while b'\r\n\r\n' not in self.pending:
            chunk = self.sock.recv(4096)
            if not chunk:
                break
            self.pending += chunk
        head, _, self.pending = self.pending.partition(b'\r\n\r\n')
        self.head = head.decode('latin-1')
        self.status = int(self.head.split()[1]) if self.head else 0

    def send(self, data):
        self.sock.sendall(data)

    def close_input(self):
        self.sock.shutdown(socket.SHUT_WR)

    def _read(self, count):
        while len(self.pending) < count:
            chunk = self.sock.recv(65536)
            if not chunk:
                break
            self.pending += chunk
        data, self.pending = self.pending[:count], self.pending[count:]
        return data

    def read_all(self):
        out = self.pending
        self.pending = b''
        while chunk := self.sock.recv(65536):
            out += chunk
        return out

    def frames(self):
        """(stream, bytes) until the end; stream 1 is stdout, 2 stderr."""
        while len(head := self._read(8)) == 8:
            length = int.from_bytes(head[4:], 'big')
            yield head[0], self._read(length)

    def demultiplexed(self):
        out = {1: b'', 2: b''}
        for number, data in self.frames():
            out[number] = out.get(number, b'') + data
        return out

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
