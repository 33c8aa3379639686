"""Which clients of other services get answers from here: at the place where each opens its connection.

That is below everything with which tests mock (respx, responses, pytest-httpx, aioresponses, vcr): what they answer
never comes here. A library that is not known here meets the closed network instead (`network`).
"""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

from . import answers, host_names
from .late import when_imported
from .network import is_local
from .peer_streams import make_async_stream, make_stream
from .peers import Peer, PeerSocket, PeerTransport
from .web_peer import WebPeer

_takes_local_mail = True


def install(path: str, local_mail: bool) -> None:
    """Answer from the file of answers `path`; `local_mail`: mail to this machine is taken as well."""
    global _takes_local_mail
    _takes_local_mail = local_mail
    answers.install(path)
    if answers.are_given():
        host_names.install()
    when_imported("http.client", _patch_http)
    when_imported("urllib3.connection", _patch_urllib3)
    when_imported("httpcore._backends.sync", _patch_httpcore)
    when_imported("httpcore._backends.auto", _patch_httpcore_async)
    when_imported("aiohttp.connector", _patch_aiohttp)
    when_imported("smtplib", _patch_smtplib)
    when_imported("aiosmtplib.smtp", _patch_aiosmtplib)


def _is_mail_ours(host: Any) -> bool:
    return _takes_local_mail or not is_local(host)


def _patch_http(module: ModuleType) -> None:
    _patch_connect(module.HTTPConnection, "http")
    _patch_connect(module.HTTPSConnection, "https")


def _patch_urllib3(module: ModuleType) -> None:
    _patch_connect(module.HTTPConnection, "http")
    if "connect" in vars(module.HTTPSConnection):  # without TLS it is a class that only complains
        _patch_connect(module.HTTPSConnection, "https")


def _patch_connect(cls: Any, scheme: str) -> None:
    original = cls.connect

    @functools.wraps(original)
    def connect(self: Any) -> None:
        host, port = getattr(self, "_tunnel_host", None) or self.host, self.port
        if not answers.is_ours(host, port):
            original(self)
            return
        self.sock = PeerSocket(WebPeer(scheme, host, port))
        self.is_verified = True  # what urllib3 asks before it warns
        self.proxy_is_verified = None

    cls.connect = connect


def _patch_httpcore(module: ModuleType) -> None:
    original = module.SyncBackend.connect_tcp
    stream = make_stream(module.NetworkStream)

    @functools.wraps(original)
    def connect_tcp(self: Any, host: str, port: int, *args: Any, **kw: Any) -> Any:
        if not answers.is_ours(host, port):
            return original(self, host, port, *args, **kw)
        return stream(WebPeer("http", host, port))

    module.SyncBackend.connect_tcp = connect_tcp


def _patch_httpcore_async(module: ModuleType) -> None:
    original = module.AutoBackend.connect_tcp
    stream = make_async_stream(module.AsyncNetworkStream)

    @functools.wraps(original)
    async def connect_tcp(self: Any, host: str, port: int, *args: Any, **kw: Any) -> Any:
        if not answers.is_ours(host, port):
            return await original(self, host, port, *args, **kw)
        return stream(WebPeer("http", host, port))

    module.AutoBackend.connect_tcp = connect_tcp


def _patch_aiohttp(module: ModuleType) -> None:
    cls = module.TCPConnector
    original = cls._create_connection

    @functools.wraps(original)
    async def create(self: Any, req: Any, *args: Any, **kw: Any) -> Any:
        url = req.url
        if not answers.is_ours(url.host, url.port):
            return await original(self, req, *args, **kw)
        protocol = self._factory()
        transport = PeerTransport(self._loop, protocol, WebPeer(url.scheme, url.host, url.port))
        # as where no connection came about
        transport.fail = lambda to, error: to.set_exception(
            module.ClientConnectorError(req.connection_key, error)
        )
        transport.begin()
        return protocol

    cls._create_connection = create


def _patch_smtplib(module: ModuleType) -> None:
    for cls in (module.SMTP, getattr(module, "SMTP_SSL", None)):
        if cls is not None:
            _patch_mail(cls, sealed=cls is not module.SMTP)
    original = module.SMTP.starttls

    @functools.wraps(original)
    def starttls(self: Any, *args: Any, **kw: Any) -> Any:
        if not isinstance(self.sock, PeerSocket):
            return original(self, *args, **kw)
        self.ehlo_or_helo_if_needed()
        return self.docmd("STARTTLS")

    module.SMTP.starttls = starttls


def _patch_mail(cls: Any, sealed: bool) -> None:
    original = cls._get_socket

    @functools.wraps(original)
    def get_socket(self: Any, host: str, port: int, timeout: Any) -> Any:
        if not _is_mail_ours(host):
            return original(self, host, port, timeout)
        from .mail_peer import MailPeer

        return PeerSocket(MailPeer(sealed))

    cls._get_socket = get_socket


class _Loop:
    """A loop whose connections lead to a mail peer, TLS or not."""

    def __init__(self, real: Any, peer: Peer) -> None:
        self._real = real
        self._peer = peer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def create_connection(self, factory: Any, *_: Any, **__: Any) -> Any:
        protocol = factory()
        transport = PeerTransport(self._real, protocol, self._peer)
        transport.begin()
        return transport, protocol

    async def start_tls(self, transport: Any, *_: Any, **__: Any) -> Any:
        return transport


def _patch_aiosmtplib(module: ModuleType) -> None:
    cls = module.SMTP
    original = cls._create_connection

    @functools.wraps(original)
    async def create(self: Any, *args: Any, **kw: Any) -> Any:
        host = self.hostname or "localhost"
        if not _is_mail_ours(host):
            return await original(self, *args, **kw)
        from .mail_peer import MailPeer

        real, self.loop = self.loop, _Loop(self.loop, MailPeer(bool(self.use_tls)))
        try:
            return await original(self, *args, **kw)
        finally:
            self.loop = real

    cls._create_connection = create
