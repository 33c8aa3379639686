"""Modules import names from each other in a circle.

**What.** `a` takes a name from `b` while `b`, directly or through others, takes a name from `a`, when they are loaded.

**Why it costs.** It works as long as the right one is imported first. A new import somewhere else, a test that starts
with the other module or a tool that sorts imports turns it into "cannot import name ... from partially initialized
module", at the start of the service.

**How it is found.** The imports that modules of the project execute when they are loaded. Those in functions and under
`TYPE_CHECKING` are left out, and so is a package's `__init__` that only collects names of its own modules. One
finding for each circle, at the import whose removal opens it. A warning where Python's way through these imports shows a module that
can't be imported before the others, by imports at the heads of files; else (one below the definitions, on purpose) a note.

**How to fix it.** Move what both need into a third module; or `import package.module` and use the name late.

**When it is no problem.** `import a` of a whole module, used in functions alone, is safe.

**Sources.** Python, "What are the best practices for using import in a module?":
https://docs.python.org/3/faq/programming.html#what-are-the-best-practices-for-using-import-in-a-module
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.first_import import fails_first
from strop.rules.rule import Rule
from strop.rules.wording import listed
from strop.span import Span, Step

RULE = Rule("ARC002", "import-cycle", "architecture", "note", "Modules import each other", static=True)
WORDS = ("import",)
KINDS = ("module",)

Edges = dict[str, dict[str, int]]  # module -> module it takes names from -> line


def notice(body: Body) -> Iterator[Mark]:
    """From which modules of the project a module takes names when it is loaded."""
    taken: dict[str, int] = {}
    loaded: dict[str, int] = {}
    for node in _loaded(body.module.tree.body):
        for target, by_name in _targets(body, node):
            if target != body.module.name:
                (taken if by_name else loaded).setdefault(target, node.lineno)
    if taken or loaded:
        takes, loads = (
            ";".join(f"{name}@{line}" for name, line in sorted(d.items())) for d in (taken, loaded)
        )
        yield body.mark(RULE.code, body.module.tree, module=body.module.name, takes=takes, loads=loads)


def _loaded(statements: list[ast.stmt]) -> Iterator[ast.ImportFrom]:
    for node in statements:
        if isinstance(node, ast.ImportFrom):
            yield node
        elif isinstance(node, ast.Try):
            yield from _loaded(node.body)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
            yield from _loaded([*node.body, *node.orelse])


def _targets(body: Body, node: ast.ImportFrom) -> Iterator[tuple[str, bool]]:
    """The modules that are loaded, and whether a name is taken from them: then they must have it by now."""
    base = _absolute(body, node)
    modules = body.types.found.modules
    for alias in node.names:
        inside = f"{base}.{alias.name}"
        if inside in modules:
            yield inside, False
        elif base in modules:
            yield base, True


def _absolute(body: Body, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = body.module.name.split(".")
    keep = len(parts) - node.level + (1 if body.module.is_package else 0)
    return ".".join([*parts[: max(keep, 0)], *([node.module] if node.module else [])])


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each circle."""
    marks = {m.fact("module"): m for m in project.source.marks.get(RULE.code, ())}
    taken = {name: _edges(name, mark, "takes") for name, mark in marks.items()}
    edges: Edges = {name: _edges(name, mark, "loads") | taken[name] for name, mark in marks.items()}
    edges = {name: {to: line for to, line in out.items() if to in edges} for name, out in edges.items()}
    imports = {name: _order(mark) for name, mark in marks.items()}
    for group in _circles(edges):
        closing = _closing(edges, taken, group)
        if closing is None:
            continue
        first, to = closing
        ring = _ring(edges, group, first, to)
        file = project.source.modules[first]
        failure = fails_first(project, imports, group)
        names = [".".join(name.split(".")[-2:]) for name in ring]
        yield draft(
            RULE,
            Span(file, edges[first][to], "<module>"),
            (),
            message=f"{first} takes names from {to}, which takes names from it: {' -> '.join([*names, names[0]])}",
            impact="the service starts only as long as the right module is imported first"
            + (
                f": `import {failure.start}` alone fails, {failure.source} has no {failure.name} yet"
                if failure
                else ""
            ),
            solution="move what both need into a third module, or import the module and use the name late",
            known="static",
            confidence=0.7,
            severity="warning" if failure is not None else None,
            chain=tuple(_step(project, edges, a, b) for a, b in zip(ring, [*ring[1:], ring[0]], strict=True)),
            facts={"modules": listed(sorted(group), 6)},
        )


def _edges(name: str, mark: Mark, fact: str) -> dict[str, int]:
    """What a module takes names from, or loads; a package may collect from its own modules."""
    pairs = (part.rpartition("@") for part in mark.fact(fact).split(";") if part)
    return {to: int(line) for to, _, line in pairs if not to.startswith(f"{name}.")}


def _order(mark: Mark) -> tuple[tuple[int, str, bool], ...]:
    """What a module imports, in the order of its lines."""
    found = []
    for fact in ("takes", "loads"):
        pairs = (part.rpartition("@") for part in mark.fact(fact).split(";") if part)
        found += [(int(line), to, fact == "takes") for to, _, line in pairs]
    return tuple(sorted(found))


def _step(project: Project, edges: Edges, a: str, b: str) -> Step:
    return Step(f"from {b} import ...", Span(project.source.modules[a], edges[a][b], "<module>"))


def _circles(edges: Edges) -> Iterator[frozenset[str]]:
    """The groups of modules that all reach each other (Tarjan, without recursion)."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    path: list[str] = []
    for start in sorted(edges):
        work = [(start, iter(sorted(edges[start])))] if start not in number else []
        if work:
            number[start] = low[start] = len(number)
            path.append(start)
        while work:
            here, rest = work[-1]
            for to in rest:
                if to not in number:
                    number[to] = low[to] = len(number)
                    path.append(to)
                    work.append((to, iter(sorted(edges[to]))))
                    break
                if to in path:
                    low[here] = min(low[here], number[to])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[here])
                if low[here] == number[here]:
                    group = frozenset(path[path.index(here) :])
                    del path[path.index(here) :]
                    if len(group) > 1:
                        yield group


def _closing(edges: Edges, taken: Edges, group: frozenset[str]) -> tuple[str, str] | None:
    """The import of names that goes from the module that most of the project need: it should need nobody here.

    None where modules only load each other whole, which is safe.
    """
    needed = {name: sum(name in out for out in edges.values()) for name in group}
    pairs = [(a, b) for a in group for b in taken[a] if b in group]
    return min(pairs, key=lambda pair: (-needed[pair[0]] + needed[pair[1]], pair), default=None)


def _ring(edges: Edges, group: frozenset[str], first: str, to: str) -> list[str]:
    """The shortest circle through this import."""
    before: dict[str, str] = {to: first}
    waiting = [to]
    while waiting and first not in before:
        here = waiting.pop(0)
        for following in sorted(edges[here]):
            if following in group and following not in before:
                before[following] = here
                waiting.append(following)
    ring, here = [], before.get(first, to)
    while here != first:
        ring.append(here)
        here = before[here]
    return [first, *reversed(ring)]


EXAMPLES = (
    Example(
        "closed below the definitions: a note",
        {
            "main.py": "from orders import total\n",
            "orders.py": "def total():\n    return 10 - discount()\n\n\nfrom customers import discount  # noqa: E402\n",
            "customers.py": "from orders import total\n\n\ndef discount():\n    return 1\n\n\ndef spent():\n    return total()\n",
        },
        bad=True,
    ),
    Example(
        "orders and customers",
        {
            "main.py": "from orders import total\n",
            "orders.py": "from customers import discount\n\n\ndef total():\n    return 10 - discount()\n",
            "customers.py": "from orders import total\n\n\ndef discount():\n    return 1\n\n\ndef spent():\n    return total()\n",
        },
        bad=True,
    ),
    Example(
        "the shared part in a third module",
        {
            "main.py": "from orders import total\n",
            "prices.py": "def discount():\n    return 1\n",
            "orders.py": "from prices import discount\n\n\ndef total():\n    return 10 - discount()\n",
            "customers.py": "from orders import total\n\n\ndef spent():\n    return total()\n",
        },
        bad=False,
        mends="orders and customers",
    ),
    Example(
        "for types, late, and a package that collects",
        {
            "main.py": "from shop import Order\n",
            "shop/__init__.py": "from shop.orders import Order\nfrom shop.customers import Customer\n",
            "shop/orders.py": "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from shop.customers import Customer\n\n\nclass Order:\n    pass\n",
            "shop/customers.py": "from shop.orders import Order\n\n\nclass Customer:\n    def orders(self):\n        from shop import Order as Late\n\n        return [Order(), Late()]\n",
        },
        bad=False,
    ),
)
