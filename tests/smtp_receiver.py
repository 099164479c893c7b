"""A mail server that keeps what it is given: enough of SMTP (RFC 5321) for real clients."""

import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any, cast


class Receiver(socketserver.ThreadingTCPServer):
    """Listens on a free port of this machine; :attr:`mails` grows."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.mails: list[EmailMessage] = []

    @property
    def connection(self) -> dict[str, Any]:
        """The Airflow connection to it."""
        extra = {"disable_ssl": True, "disable_tls": True, "from_email": "airflow@lab.example"}
        return {"conn_type": "smtp", "host": "127.0.0.1", "port": self.server_address[1], "extra": extra}

    def about(self, words: str) -> list[EmailMessage]:
        """The mails with these words in their subject."""
        return [mail for mail in self.mails if words in str(mail["subject"])]


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self._say(b"220 receiver")
        while line := self.rfile.readline():
            verb = line.strip().upper()[:4]
            if verb == b"DATA":
                self._say(b"354 go on")
                self._keep()
            self._say(b"221 bye" if verb == b"QUIT" else b"250 ok")
            if verb == b"QUIT":
                return

    def _say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")

    def _keep(self) -> None:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        mail = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        cast("Receiver", self.server).mails.append(cast("EmailMessage", mail))


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that runs."""
    with Receiver() as receiver:
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        yield receiver
        receiver.shutdown()


def text(mail: EmailMessage) -> str:
    """What a mail says."""
    body = mail.get_body(("html", "plain"))
    assert body is not None
    return str(body.get_content())
