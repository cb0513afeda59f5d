"""Outlets that lie, in plain sockets: they speak LSL's protocol up to the point where they misbehave.

    python -m tests.faults.hostile MODE...

It says `up` and misbehaves until its standard input closes. Each outlet is called `h-MODE`. Discovery and data stay on
the loopback interface, within the ports of the file that `LSLAPICFG` names. All of them answer searches for others.
"""

import configparser
import os
import socket
import struct
import sys
import threading
import time
import uuid
from pathlib import Path

CHANNELS, RATE_HZ, PROTOCOL = 4, 250, 110
MISBEHAVIOURS = {
    "mute": "accepts connections and never says anything",
    "noinfo": "never answers with its description; its data flow",
    "slowinfo": "sends its description one byte at a time",
    "biginfo": "its description never ends",
    "deepinfo": "its description is nested 100 000 deep",
    "badxml": "its description is not XML",
    "badutf8": "its labels are not UTF-8",
    "biglabels": "64 labels of 1.1 MB each",
    "longlabel": "one label of 300 characters",
    "nodata": "describes itself well, then never answers the request for data",
    "oldproto": "answers the request for data with protocol version 999",
    "oldarchive": "begins its data in protocol 1.00, with a text of 2 GiB",
    "badpattern": "begins its data with other test samples than agreed",
    "reset": "closes each connection at once",
    "halfsample": "stops in the middle of a sample",
    "deepshort": "its announcement is nested as deep as a datagram holds",
    "newids": "has a new uid and source id each half second",
    "badtwice": "describes itself well once, and without end from then on; its data flow",
}
"""By mode: what the outlet does."""


class Outlet:
    """One outlet: it answers searches, and misbehaves on its own TCP port."""

    def __init__(self, mode: str, name: str) -> None:
        self.mode, self.name = mode, name
        self.ports, self.session = _configured()
        self.told = 0
        self.started_s = time.monotonic()
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.service = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.service.bind(("127.0.0.1", 0))
        self.search = _bound(self.ports)
        for run in (self._announce, self._accept):
            threading.Thread(target=run, daemon=True).start()

    def _uid(self) -> str:
        life = int((time.monotonic() - self.started_s) * 2) if self.mode == "newids" else 0
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.name}-{os.getpid()}-{life}"))

    def _info(self, desc: str = "") -> str:
        uid = self._uid()
        source = uid if self.mode == "newids" else self.name
        fields = {
            "name": self.name,
            "type": "EEG",
            "channel_count": 64 if self.mode == "biglabels" else CHANNELS,
            "channel_format": "float32",
            "source_id": source,
            "nominal_srate": RATE_HZ,
            "version": "1.10",
            "created_at": 1000.5,
            "uid": uid,
            "session_id": self.session,
            "hostname": "h",
            "v4address": "",
            "v4data_port": self.tcp.getsockname()[1],
            "v4service_port": self.service.getsockname()[1],
            "v6address": "",
            "v6data_port": 0,
            "v6service_port": 0,
        }
        texts = "".join(f"<{tag}>{value}</{tag}>" for tag, value in fields.items())
        return f'<?xml version="1.0"?><info>{texts}<desc>{desc}</desc></info>'

    def _announce(self) -> None:
        while True:
            message, (host, _) = self.search.recvfrom(65536)
            lines = message.split(b"\r\n")
            if lines[0] == b"LSL:shortinfo":
                port, query = lines[2].split()
                depth = 9000 if self.mode == "deepshort" else 0
                info = self._info("<a>" * depth + "</a>" * depth).encode()
                self.search.sendto(query + b"\r\n" + info, (host, int(port)))

    def _accept(self) -> None:
        while True:
            connection, _ = self.tcp.accept()
            threading.Thread(target=self._guarded, args=(connection,), daemon=True).start()

    def _guarded(self, connection: socket.socket) -> None:
        try:
            with connection:
                self._talk(connection)
        except OSError:
            pass

    def _talk(self, connection: socket.socket) -> None:
        if self.mode == "reset":
            return
        if self.mode == "mute":
            time.sleep(600)
        request = _received(connection, b"\r\n")
        if request.startswith(b"LSL:fullinfo"):
            self.told += 1
            self._describe(connection)
        elif request:
            _received(connection, b"\r\n\r\n", request)
            self._send(connection)

    def _describe(self, connection: socket.socket) -> None:
        """Answer a request for the description."""
        if self.mode == "noinfo":
            time.sleep(600)
        elif self.mode == "slowinfo":
            for byte in self._info(channels(["Fz"] * CHANNELS)).encode():
                connection.sendall(bytes([byte]))
                time.sleep(0.2)
        elif self.mode == "biginfo" or (self.mode == "badtwice" and self.told > 1):
            connection.sendall(self._info().removesuffix("</desc></info>").encode())
            while True:
                connection.sendall(b"<a>" + b"x" * 65536 + b"</a>")
        elif self.mode == "badxml":
            connection.sendall(b"<<<not xml>>>")
        elif self.mode == "badutf8":
            connection.sendall(self._info(channels(["L"] * CHANNELS)).encode().replace(b"L<", b"\xff\xfe<"))
        else:
            connection.sendall(self._info(self._desc()).encode())

    def _desc(self) -> str:
        if self.mode == "deepinfo":
            return "<a>" * 100_000 + "</a>" * 100_000
        if self.mode == "biglabels":
            return channels([f"Fp{number}" + "x" * 1_100_000 for number in range(64)])
        if self.mode == "longlabel":
            return channels(["Fz" + "x" * 298, "Cz", "Pz", "Oz"])
        return channels(["Fz", "Cz", "Pz", "Oz"])

    def _send(self, connection: socket.socket) -> None:
        """Answer a request for data."""
        if self.mode == "nodata":
            time.sleep(600)
        version = 999 if self.mode == "oldproto" else PROTOCOL
        header = f"LSL/{version} 200 OK\r\nUID: {self._uid()}\r\nByte-Order: 1234\r\nSuppress-Subnormals: 0\r\n"
        protocol = 100 if self.mode == "oldarchive" else PROTOCOL
        connection.sendall(f"{header}Data-Protocol-Version: {protocol}\r\n\r\n".encode())
        if self.mode == "oldarchive":
            connection.sendall(b"\x7f\x01\x09\x04" + struct.pack("<I", 2**31))
            time.sleep(600)
        offsets = (9, 9) if self.mode == "badpattern" else (4, 2)
        connection.sendall(b"".join(_pattern(offset) for offset in offsets))
        if self.mode == "halfsample":
            connection.sendall(struct.pack("<Bd4f", 2, 5.0, 1, 2, 3, 4)[:-6])
            time.sleep(600)
        first_s = time.monotonic()
        for number in range(10**6):
            connection.sendall(struct.pack("<Bd4f", 2, first_s + number / RATE_HZ, 1, 2, 3, 4))
            time.sleep(max(0.0, first_s + number / RATE_HZ - time.monotonic()))


def channels(labels: list[str]) -> str:
    """The XML of channels with these labels."""
    texts = (f"<channel><label>{label}</label><unit>uV</unit><type>EEG</type></channel>" for label in labels)
    return f"<channels>{''.join(texts)}</channels>"


def _pattern(offset: int) -> bytes:
    """A test sample of the protocol."""
    values = [(number + offset) * (1 if number % 2 == 0 else -1) for number in range(CHANNELS)]
    return struct.pack(f"<Bd{CHANNELS}f", 2, 123456.789, *values)


def _received(connection: socket.socket, end: bytes, begun: bytes = b"") -> bytes:
    """What comes up to `end`; b"" if the other side closes before."""
    while end not in begun:
        part = connection.recv(4096)
        if not part:
            return b""
        begun += part
    return begun


def _configured() -> tuple[range, str]:
    """The ports at which outlets are searched, and the session id."""
    file = configparser.ConfigParser()
    file.read_string(Path(os.environ["LSLAPICFG"]).read_text(encoding="ascii"))
    base, count = file.getint("ports", "BasePort"), file.getint("ports", "PortRange")
    return range(base, base + count), file["lab"]["SessionID"]


def _bound(ports: range) -> socket.socket:
    """A datagram socket on the last free port: real outlets begin with the first."""
    for port in reversed(ports):
        found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            found.bind(("127.0.0.1", port))
        except OSError:
            found.close()
        else:
            return found
    raise OSError(f"no free port among {ports}")


def main() -> None:
    """Misbehave until the standard input closes."""
    outlets = [Outlet(mode, f"h-{mode}") for mode in sys.argv[1:]]
    sys.stdout.write(f"up {len(outlets)}\n")
    sys.stdout.flush()
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
