"""Which services does a compose file run, and which paths does an orchestrator ask?

PyYAML's nodes carry lines, which its values do not.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

import yaml

from strop.project.shipped.values import Service
from strop.regex import regex
from strop.span import Span

_Node = yaml.nodes.Node
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def documents(text: str) -> list[_Node]:
    """The documents of a YAML text; none when it is no YAML (a template)."""
    try:
        return [node for node in yaml.compose_all(text, Loader=_LOADER) if node is not None]
    except yaml.YAMLError:
        return []


def read_services(file: str, text: str) -> Iterator[Service]:
    """The services of a compose file."""
    for document in documents(text):
        for key, body in pairs(item(document, "services")):
            yield _service(file, key, body)


def _service(file: str, key: _Node, body: _Node) -> Service:
    entry, command = item(body, "entrypoint"), item(body, "command")
    place = command or entry
    return Service(
        scalar(key),
        Span(file, line(key), scalar(key)),
        scalar(item(body, "image")),
        " ".join(text for text in (words(entry), words(command)) if text),
        line(place) if place is not None else 0,
        tuple(_environment(item(body, "environment"))),
        tuple(_port(each) for each in elements(item(body, "ports"))),
        frozenset(scalar(name) for name, _ in pairs(body)),
        *_built(posixpath.dirname(file), item(body, "build")),
        tuple(_mounts(posixpath.dirname(file), item(body, "volumes"))),
    )


def _built(folder: str, build: _Node | None) -> tuple[str, str]:
    """The container file that a service builds and the folder for it, from the root; "" where it builds none, or elsewhere."""
    context = scalar(build) or scalar(item(build, "context")) or "."
    if build is None or "://" in context or "$" in context:
        return "", ""
    file = _inside(folder, context, scalar(item(build, "dockerfile")) or "Dockerfile")
    return file, _inside(folder, context)


def _mounts(folder: str, volumes: _Node | None) -> Iterator[str]:
    """The folders of the repository that a service sees as they are, from the root."""
    for each in elements(volumes):
        source = scalar(each).partition(":")[0] or scalar(item(each, "source"))
        if source.startswith(".") and (found := _inside(folder, source)):
            yield found


def _inside(*parts: str) -> str:
    """A path from the root, "." for the root itself; "" for what lies outside."""
    path = posixpath.normpath(posixpath.join(*parts))
    return "" if path.startswith(("..", "/")) else path


def _environment(node: _Node | None) -> Iterator[tuple[str, str, int]]:
    for key, value in pairs(node):
        yield scalar(key), scalar(value), line(key)
    for each in elements(node):
        name, _, text = scalar(each).partition("=")
        yield name, text, line(each)


def _port(node: _Node) -> str:
    return scalar(node) or ":".join(scalar(item(node, key)) for key in ("published", "target"))


_PROBE = regex(r"^\s*(?:-\s+)?(liveness|readiness|startup)Probe:")
_PATH = regex(r"\bpath:\s*[\"']?(/[\w./-]*)")
_NEAR = 12  # lines between a probe and its path


def probes(file: str, text: str) -> Iterator[tuple[str, Span]]:
    """The paths of Kubernetes' HTTP probes, with where they stand; symbol "liveness", "readiness", "startup".

    Read line by line: charts are templates, which no YAML parser takes.
    """
    lines = text.split("\n")
    for number, raw in enumerate(lines):
        probe = _PROBE.match(raw)
        for below in lines[number : number + _NEAR] if probe else ():
            if below is not raw and _PROBE.match(below):
                break
            if path := _PATH.search(below):
                yield path[1], Span(file, number + 1, probe[1] if probe else "")
                break


# Nodes


def pairs(node: _Node | None) -> list[tuple[_Node, _Node]]:
    """Keys and values of a mapping; none for anything else."""
    return list(node.value) if isinstance(node, yaml.nodes.MappingNode) else []


def elements(node: _Node | None) -> list[_Node]:
    """The elements of a sequence; none for anything else."""
    return list(node.value) if isinstance(node, yaml.nodes.SequenceNode) else []


def item(node: _Node | None, key: str) -> _Node | None:
    """The value under a key."""
    return next((value for name, value in pairs(node) if scalar(name) == key), None)


def scalar(node: _Node | None) -> str:
    """The text of a scalar; "" for anything else."""
    return str(node.value) if isinstance(node, yaml.nodes.ScalarNode) else ""


def words(node: _Node | None) -> str:
    """A command on one line, whether it is a text or a list."""
    listed = elements(node)
    if listed:
        return " ".join(_quoted(scalar(each)) for each in listed)
    return " ".join(scalar(node).split())


def _quoted(word: str) -> str:
    return f"'{word}'" if " " in word and "'" not in word else word


def line(node: _Node) -> int:
    """The 1-based line on which a node starts."""
    return int(node.start_mark.line) + 1
