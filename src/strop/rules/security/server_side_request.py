"""The service fetches a URL that the request chooses.

**What.** The beginning of a URL (with its host) that an HTTP client is given comes from the request.

**Why it costs.** The service stands inside the network: the metadata service of the cloud, databases with a web
interface, other services without a login answer it, and the answer or its error goes back to whoever asked.

**How it is found.** What handlers and dependencies get from a request (query, form, body, headers, file names) is
followed through assignments, text building and calls of the project's functions; parameters that FastAPI parses
into numbers, UUIDs or enumerations are left out, and so is what the code tests or cleans on the way. A URL that begins with a fixed text is left
out (its host is fixed). What only administrators may send is a note: they configure the service.

**How to fix it.** Allow known hosts. Where any host must be possible: resolve the name, refuse addresses that are
private, loopback or link-local, connect to the address that was checked (a transport of httpx does that for
redirects too), and don't follow redirects unchecked.

**When it is no problem.** The service runs where nothing inner is reachable, or the URL is set by its operator. A note where the application is one
person's own: on a desk, bound to its own machine, or with one login for all.

**Sources.** https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.project import Project
from strop.rules.carried import carried
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain

RULE = Rule(
    "SEC002", "server-side-request", "security", "error", "A URL from the request is fetched", static=True
)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each call that gets the URL."""
    yield from carried(
        RULE,
        project,
        "url",
        message="{source} is the URL that {call} fetches in {function}, and nothing checks its host",
        impact="the client makes the service send requests to addresses inside its network",
        solution="allow known hosts, or resolve the host, refuse private addresses and connect to the one that was checked",
        confidence=0.8,
    )


EXAMPLES = (
    Example(
        "an import from any address",
        plain("""
import httpx
from pydantic import BaseModel


class Import(BaseModel):
    url: str


async def fetch(url: str) -> str:
    async with httpx.AsyncClient(timeout=10) as client:
        response = await client.get(url)
    return response.text


@app.post("/import")
async def import_page(body: Import):
    return {"text": await fetch(body.url)}
"""),
        bad=True,
    ),
    Example(
        "an import from any address, in a program on somebody's desk: a note",
        plain("""
import tkinter

import httpx
import uvicorn
from pydantic import BaseModel


class Import(BaseModel):
    url: str


@app.post("/import")
async def import_page(body: Import):
    async with httpx.AsyncClient(timeout=10) as client:
        return {"text": (await client.get(body.url)).text}


def main():
    window = tkinter.Tk()
    uvicorn.run(app, host="127.0.0.1", port=8000)
    window.mainloop()
"""),
        bad=True,
    ),
    Example(
        "only from known hosts",
        plain("""
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel

HOSTS = {"recipes.example"}


class Import(BaseModel):
    url: str


async def fetch(url: str) -> str:
    if urlsplit(url).hostname not in HOSTS:
        raise HTTPException(422, "this host is not known")
    async with httpx.AsyncClient(timeout=10) as client:
        response = await client.get(url)
    return response.text


@app.post("/import")
async def import_page(body: Import):
    return {"text": await fetch(body.url)}
"""),
        bad=False,
        mends="an import from any address",
    ),
    Example(
        "only the address of something known",
        plain("""
import httpx
from pydantic import BaseModel


class Release(BaseModel):
    notes: str


async def releases() -> list[Release]:
    async with httpx.AsyncClient(timeout=10) as client:
        found = await client.get("https://releases.example/all")
    return [Release(**one) for one in found.json()]


@app.get("/notes")
async def notes(link: str):
    release = next((r for r in await releases() if r.notes == link), None)
    if release is None:
        raise HTTPException(404)
    async with httpx.AsyncClient(timeout=10) as client:
        return (await client.get(link)).text
"""),
        bad=False,
        mends="an import from any address",
    ),
    Example(
        "a fixed host",
        plain("""
import httpx


@app.get("/rates")
async def rates(currency: str):
    async with httpx.AsyncClient(timeout=10) as client:
        response = await client.get(f"https://rates.example/v1/{currency}")
    return response.json()
"""),
        bad=False,
    ),
)
