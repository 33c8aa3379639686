"""The server doesn't know the proxy that it stands behind, or believes everybody.

**What.** The repository puts a reverse proxy before the application, but the server is started without
`--forwarded-allow-ips`; or it trusts `*` while its port is published.

**Why it costs.** Uvicorn and Gunicorn believe `X-Forwarded-*` from 127.0.0.1 alone. Behind a proxy in another
container every client has the proxy's address (rate limits and logs count one client) and `https` is lost: redirects
and generated links go to `http`, and clients drop the Authorization header on the way. Who trusts `*` on a
public port lets each client choose the address that it is logged with.

**How it is found.** A configuration of nginx, Caddy, Traefik or HAProxy (or a service with such an image) beside a
production command without the option, without `FORWARDED_ALLOW_IPS` and without `ProxyHeadersMiddleware`; or the
option with `*` in a service whose port is published on all addresses. Where the proxies' files name ports, a command
stands behind them when they name its port (8000 without one), the port that its service publishes, or its service.

**How to fix it.** `--forwarded-allow-ips` with the proxy's address or network.

**When it is no problem.** A proxy that only serves something else. Where the code never asks for the client's address or the address of the
request (`request.client`, `base_url`, `url_for`), it is a note. `*` where nothing but the proxy can reach
the port.

**Sources.** Uvicorn, "HTTP headers behind a proxy": https://www.uvicorn.org/deployment/#proxies-and-forwarded-headers ;
https://github.com/fastapi/fastapi/issues/4990
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.shipped.commands import is_development
from strop.project.shipped.values import Launch, Service
from strop.regex import regex
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.shipping import launches
from strop.span import Step

RULE = Rule(
    "DEP005",
    "proxy-headers",
    "deployment",
    "warning",
    "The proxy's headers are not believed, or anybody's are",
    static=True,
)

WORDS = ("client", "base_url", "url_for", "url", "get_remote_address")
# Of an address: the same before and behind a proxy, or what the Host header says, which nobody changes for these headers.
_PARTS = frozenset({"path", "query", "path_params", "fragment", "hostname", "netloc", "port"})
_PROXIES = regex(r"(^|/)(nginx|traefik|caddy|haproxy|envoy)(:|$|-)")
_VARIABLE = "FORWARDED_ALLOW_IPS"


def notice(body: Body) -> Iterator[Mark]:
    """Where the client's address or the address that it asked for is read from the request."""
    for node in body.of(ast.Attribute):
        asked = node.attr in ("client", "base_url", "url_for", "url")
        if asked and body.instance(node.value).endswith((".Request", ".HTTPConnection", ".WebSocket")):
            above = body.parent(node)
            if not (isinstance(above, ast.Attribute) and above.attr in _PARTS):
                yield body.mark(RULE.code, node, reads=body.brief(node, 60))
    for name in body.of(ast.Name):
        if name.id == "get_remote_address" and isinstance(name.ctx, ast.Load):
            yield body.mark(RULE.code, name, reads=name.id)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each command."""
    proxy = _proxy(project)
    handled = _is_handled(project)
    for launch in launches(project):
        given = launch.option("--forwarded-allow-ips")
        if (
            given is None
            and proxy
            and _is_behind(project, launch)
            and not handled
            and launch.server != "hypercorn"
        ):
            yield _unknown(launch, proxy, next(iter(project.source.marks.get(RULE.code, ())), None))
        elif given == "*" and (port := _published(project, launch)):
            yield _everybody(launch, port)


def _is_behind(project: Project, launch: Launch) -> bool:
    """Whether the proxies' files lead to what a command starts, as far as they say where they lead."""
    shipped = project.shipped
    if not shipped.upstreams or _port(launch) in shipped.upstreams:
        return True
    own = [s for s in project.shipped.services if _starts(project, s, launch)]
    published = {port.rpartition(":")[0].rpartition(":")[2] for s in own for port in s.ports}
    return any(s.name in shipped.upstream_hosts for s in own) or bool(published & set(shipped.upstreams))


def _starts(project: Project, service: Service, launch: Launch) -> bool:
    """Whether a service runs a command: by itself, by the image that it builds, or by a script in that image."""
    file = launch.span.file
    if service.span.file == file:
        return service.name == launch.stage
    if not service.builds or service.builds == file:
        return service.builds == file
    script = file.rpartition("/")[2]
    stages = (s for m in project.shipped.images if m.file == service.builds for s in m.stages)
    return launch.how == "script" and any(script in i.text for s in stages for i in s.instructions)


def _port(launch: Launch) -> str:
    """The port that the command names, the usual one where it names none, "" for a variable."""
    given = launch.option("--port", "-p", "--bind", "-b")
    if given is None:
        return "8000"
    port = given.rpartition(":")[2]
    return port if port.isdigit() else ""


def _proxy(project: Project) -> str:
    """The proxy that the repository brings, "" without one."""
    files = [f for f in project.shipped.proxies if not is_development(f)]
    images = [
        f"{s.span.file} (service {s.name})"
        for s in project.shipped.services
        if _PROXIES.search(s.image) and not is_development(s.span.file, s.name)
    ]
    return next(iter((*files, *images)), "")


def _is_handled(project: Project) -> bool:
    """Whether something else says whom to trust."""
    said = [name for s in project.shipped.services for name, _, _ in s.environment]
    built = [
        i.text for m in project.shipped.images for s in m.stages for i in s.instructions if i.name == "ENV"
    ]
    layers = [m.name for m in project.imported.middleware]
    return (
        _VARIABLE in said
        or any(_VARIABLE in text for text in built)
        or any("ProxyHeaders" in x for x in layers)
    )


def _published(project: Project, launch: Launch) -> str:
    """The port of the launch's own service that all addresses can reach."""
    for service in project.shipped.services:
        if service.span.file == launch.span.file and service.name == launch.stage:
            return next((p for p in service.ports if not p.startswith(("127.", "localhost", "["))), "")
    return ""


def _unknown(launch: Launch, proxy: str, read: Mark | None) -> Finding:
    return draft(
        RULE,
        launch.span,
        (),
        message=f"{launch.server} is not told to believe the proxy of {proxy}",
        impact="every client has the proxy's address, and links and redirects are built with http instead of https",
        solution="give --forwarded-allow-ips the proxy's address or network",
        known="static",
        confidence=0.6,
        chain=(Step(read.fact("reads"), read.span),) if read is not None else (),
        facts={"proxy": proxy},
        severity=None if read is not None else "note",
    )


def _everybody(launch: Launch, port: str) -> Finding:
    return draft(
        RULE,
        launch.span,
        (),
        message=f"{launch.server} believes X-Forwarded headers of everybody, and port {port} is published",
        impact="each client chooses the address that it is logged and limited by",
        solution="name the proxy's address, or publish the port on 127.0.0.1 only",
        known="static",
        confidence=0.75,
    )


_READS = """\
from fastapi import FastAPI, Request

app = FastAPI()


@app.get("/address")
def address(request: Request):
    return request.client.host if request.client else ""
"""
_HOST = ('request.client.host if request.client else ""', "request.url.hostname")
_NGINX = {"main.py": _READS, "deploy/nginx.conf": "server { location / { proxy_pass http://api:8000; } }\n"}
_IMAGE = 'FROM python:3.12-slim\nCMD ["uvicorn", "main:app", "--host", "0.0.0.0"%s]\n'

EXAMPLES = (
    Example("nginx before a server that doesn't know it", _NGINX | {"Dockerfile": _IMAGE % ""}, bad=True),
    Example(
        "everybody is believed",
        {
            "main.py": "",
            "compose.yml": "services:\n  api:\n    command: uvicorn main:app --forwarded-allow-ips '*'\n    ports: ['8000:8000']\n",
        },
        bad=True,
    ),
    Example(
        "the proxy's network is named",
        _NGINX | {"Dockerfile": _IMAGE % ', "--forwarded-allow-ips", "172.16.0.0/12"'},
        bad=False,
        mends="nginx before a server that doesn't know it",
    ),
    Example(
        "nobody asks for the address: a note",
        _NGINX | {"main.py": "", "Dockerfile": _IMAGE % ""},
        bad=True,
    ),
    Example(
        "only the host of the address is read: a note",
        _NGINX | {"main.py": _READS.replace(*_HOST), "Dockerfile": _IMAGE % ""},
        bad=True,
    ),
    Example("no proxy in the repository", {"main.py": "", "Dockerfile": _IMAGE % ""}, bad=False),
    Example(
        "a dashboard beside the server that the proxy leads to",
        _NGINX
        | {
            "Dockerfile": _IMAGE % ', "--port", "8000", "--forwarded-allow-ips", "172.16.0.0/12"',
            "compose.yml": "services:\n  dashboard:\n    command: uvicorn jobs:dashboard --port 9000\n",
        },
        bad=False,
    ),
    Example(
        "a dashboard of another image",
        _NGINX
        | {
            "Dockerfile": _IMAGE % ', "--forwarded-allow-ips", "172.16.0.0/12"',
            "compose.yml": "services:\n  board:\n    image: example/board\n    command: uvicorn board:app\n",
        },
        bad=False,
    ),
    Example(
        "a proxy that leads to other ports only",
        _NGINX
        | {
            "deploy/nginx.conf": "server { location / { proxy_pass http://127.0.0.1:3200; } }\n",
            "Dockerfile": 'FROM python:3.12-slim\nCMD uvicorn main:app --port "$PORT"\n',
        },
        bad=False,
    ),
    Example(
        "a proxy that leads to the service by its name",
        _NGINX
        | {
            "deploy/nginx.conf": "server { location / { proxy_pass http://api:9000; } }\n",
            "Dockerfile": 'FROM python:3.12-slim\nCMD uvicorn main:app --port "$PORT"\n',
            "compose.yml": "services:\n  api:\n    build: .\n    environment:\n      PORT: 9000\n",
        },
        bad=True,
    ),
    Example(
        "a proxy that leads to the port that the service publishes",
        _NGINX
        | {
            "deploy/nginx.conf": "server { location / { proxy_pass http://127.0.0.1:8080; } }\n",
            "Dockerfile": _IMAGE % ', "--port", "80"',
            "compose.yml": "services:\n  api:\n    build: .\n    ports: ['127.0.0.1:8080:80']\n",
        },
        bad=True,
    ),
)
