"""A mail server that takes everything and delivers nothing; what it was given is noted."""

from __future__ import annotations

import base64
import binascii
import email
import email.policy
from email.message import EmailMessage

from . import calls

_EXTENSIONS = (b"8BITMIME", b"SMTPUTF8", b"AUTH PLAIN LOGIN", b"STARTTLS")
_END = b"\r\n.\r\n"


class MailPeer:
    """Speaks SMTP for one server."""

    greeting = b"220 strop\r\n"

    def __init__(self, sealed: bool = False) -> None:
        """`sealed`: the connection is encrypted from its first byte."""
        self._sealed = sealed
        self._user: str | None = None
        self._given = bytearray()
        self._to: list[str] = []
        self._in_data = False
        self._login = 0  # lines of a dialogue about a password that are still to come

    def feed(self, data: bytes) -> bytes:
        """Take bytes; return what the server answers to the commands that they complete."""
        self._given += data
        out = b""
        while (answer := self._step()) is not None:
            out += answer
        return out

    def _step(self) -> bytes | None:
        if self._in_data:
            text, end, rest = (b"\r\n" + bytes(self._given)).partition(_END)
            if not end:
                return None
            self._given[:] = rest
            self._in_data = False
            self._take(text[2:].replace(b"\r\n..", b"\r\n."))
            return b"250 taken\r\n"
        line, end, rest = bytes(self._given).partition(b"\r\n")
        if not end:
            return None
        self._given[:] = rest
        return self._reply(line)

    def _reply(self, line: bytes) -> bytes:
        if self._login:
            self._user = _user_of(line) if self._user is None else self._user
            self._login -= 1
            return b"334 UGFzc3dvcmQ6\r\n" if self._login else b"235 welcome\r\n"
        word = line[:4].upper()
        if word == b"EHLO":
            lines = (b"strop", *_EXTENSIONS)
            return b"".join(b"250-%s\r\n" % each for each in lines[:-1]) + b"250 %s\r\n" % lines[-1]
        if word == b"AUTH":
            return self._log_in(line.split())
        if word == b"RCPT":
            self._to.append(
                line.partition(b":")[2].strip().partition(b">")[0].lstrip(b"<").decode("utf-8", "replace")
            )
        elif word == b"DATA":
            self._in_data = True
            return b"354 go on\r\n"
        elif word == b"QUIT":
            return b"221 bye\r\n"
        elif word == b"STAR":
            self._sealed = True
            return b"220 ready\r\n"
        elif word == b"RSET":
            self._to.clear()
        return b"250 ok\r\n"

    def _log_in(self, words: list[bytes]) -> bytes:
        if len(words) > 1 and words[1].upper() == b"LOGIN":
            self._login = 1 if len(words) > 2 else 2
            self._user = _user_of(words[2]) if len(words) > 2 else None
            return b"334 UGFzc3dvcmQ6\r\n" if len(words) > 2 else b"334 VXNlcm5hbWU6\r\n"
        if len(words) == 2:
            self._login = 1
            return b"334 \r\n"
        self._user = _user_of(words[-1])
        return b"235 welcome\r\n"

    def _take(self, data: bytes) -> None:
        how = [
            *(["encrypted"] if self._sealed else ()),
            *([f"logged in as {self._user}"] if self._user else ()),
        ]
        sent = f"Sent: {', '.join(how)}\n" if how else ""
        calls.note("mail", f"mail to {', '.join(sorted(self._to))}", sent + readable(data), True)
        self._to.clear()


def _user_of(said: bytes) -> str:
    """Who logs in, of what is said in base64: a name, or with AUTH PLAIN a name and a password."""
    try:
        parts = base64.b64decode(said).split(b"\0")
    except binascii.Error:
        return ""
    return (parts[1] if len(parts) > 2 else parts[0]).decode("utf-8", "replace")


def readable(data: bytes) -> str:
    """A mail as what its reader sees: who, subject, texts and attachments; no boundaries, dates and ids."""
    message = email.message_from_bytes(data, policy=email.policy.default)
    lines = [
        f"{name}: {message[name]}" for name in ("From", "To", "Cc", "Reply-To", "Subject") if message[name]
    ]
    for part in message.walk():
        if isinstance(part, EmailMessage) and not part.is_multipart():
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            named = f" {part.get_filename()}" if part.get_filename() else ""
            lines += ["", f"[{part.get_content_type()}{named}]", calls.text_of(content)]
    return "\n".join(lines)
