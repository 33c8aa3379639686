"""Who else is there? Credentials of other subjects than the one that logged in.

One identity hides leaks between tenants, so others are looked for in three places: in the requests of the
workload; in the column that holds the token, where tokens are rows; and by logging in as somebody else after the
password of the known user was copied to him, in the world's clone alone. The clone is put back after each.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from strop.cell import Cell
from strop.measure.generate import login_request
from strop.measure.perturb import Header, Identity, credentials
from strop.measure.serve import Served
from strop.project.project import Imported
from strop.project.table import Table
from strop.target import Login

MOST = 3  # other subjects
ROWS = 1000  # rows in which the one who logged in is looked for
NAMES = ("email", "username", "user_name", "login", "name", "phone")
HASHED = re.compile(r".*(passw|pwd|hash).*", re.IGNORECASE)
TOKENS = re.compile(r".*(token|key|secret|session|api).*", re.IGNORECASE)


def find_identities(
    served: Served, cells: Sequence[Cell], imported: Imported, login: Login | None
) -> tuple[Identity, ...]:
    """Other subjects than the first that the cells carry, at most MOST, and that one at the end; the databases
    of `served` are as before.
    """
    seen = dict.fromkeys(filter(None, (credentials(cell.request) for cell in cells)))
    own = next(iter(seen), ())
    others = [Identity(_name(headers, n), headers) for n, headers in enumerate(seen)]
    found = [*others[1:], *_stored(served, imported, own)]
    if login is not None and len(found) < MOST:
        found += _logged_in(served, imported, login, own)
    unique = {identity.headers: identity for identity in reversed(found) if identity.headers != own}
    chosen = list(reversed(unique.values()))[:MOST]
    return tuple(_named([*chosen, *others[:1]]))


def _named(found: Sequence[Identity]) -> Iterator[Identity]:
    """Each under a name of its own."""
    taken: set[str] = set()
    for identity in found:
        name = identity.name if identity.name not in taken else f"{identity.name}-{len(taken)}"
        taken.add(name)
        yield replace(identity, name=name)


def _name(headers: tuple[Header, ...], number: int) -> str:
    """The subject of a JSON web token; without one a number, because other credentials are secrets."""
    for part in re.findall(r"eyJ[\w-]+\.([\w-]+)\.", " ".join(value for _, value in headers)):
        try:
            claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        except ValueError:
            continue
        if isinstance(claims, dict) and "sub" in claims:
            return re.sub(r"[^\w.@-]", "-", str(claims["sub"]))
    return f"subject{number}"


def _stored(served: Served, imported: Imported, own: tuple[Header, ...]) -> Iterator[Identity]:
    """Where the token is a value of a column, the column's other values are others' tokens."""
    for name, value in own:
        token = value.rpartition(" ")[2]
        for table in imported.tables:
            for column in (c.name for c in table.columns if TOKENS.fullmatch(c.name)):
                values = served.instance.databases.sample(table.name, column, ROWS)
                if token in values:
                    others = _spread([text for text in values if text and text != token])
                    for number, other in enumerate(others):
                        headers = tuple((n, v.replace(token, other) if n == name else v) for n, v in own)
                        yield Identity(f"{table.name}{number}", headers)
                    return


def _logged_in(
    served: Served, imported: Imported, login: Login, own: tuple[Header, ...]
) -> Iterator[Identity]:
    for table in imported.tables:
        hashed = [c.name for c in table.columns if HASHED.fullmatch(c.name)]
        names = [c.name for c in table.columns if c.name in NAMES]
        for name in names if hashed else ():
            values = served.instance.databases.sample(table.name, name, ROWS)
            if login.username in values:
                others = _spread([text for text in values if text and text != login.username])
                copied = [_copied(table, column, name, login.username) for column in hashed]
                for other in others:
                    headers = _log_in(served, replace(login, username=other), copied, own)
                    if headers:
                        yield Identity(re.sub(r"[^\w.@-]", "-", other), headers)
                return


def _copied(table: Table, hashed: str, name: str, user: str) -> str:
    """The statement that gives everybody the password of one user."""
    quoted = user.replace("'", "''")
    return (
        f'update "{table.name}" set "{hashed}" ='
        f' (select "{hashed}" from "{table.name}" where "{name}" = \'{quoted}\' limit 1)'
    )


def _log_in(
    served: Served, login: Login, statements: Sequence[str], own: tuple[Header, ...]
) -> tuple[Header, ...]:
    """The headers with which this user is known, none where the login fails."""
    databases = served.instance.databases
    databases.execute(statements)
    try:
        answer = served.serve(Cell("login", 0, login_request(login))).answer
    finally:
        databases.restore()
    try:
        token = json.loads(answer.body)[login.token]
    except (ValueError, KeyError, TypeError):
        return ()
    rest = (pair for pair in own if pair[0] != "authorization")
    return (*rest, ("authorization", f"Bearer {token}"))


def _spread(values: Sequence[str]) -> list[str]:
    """At most MOST of the values: the first, the last, and some between."""
    if len(values) <= MOST:
        return list(values)
    return [values[i * (len(values) - 1) // (MOST - 1)] for i in range(MOST)]
