"""Which files around the code say how it is built, started and watched? They are found and read here."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from strop.project.shipped.commands import in_script, in_text, in_words, is_development
from strop.project.shipped.compose import probes, read_services
from strop.project.shipped.images import read_image
from strop.project.shipped.requirements import read_lock, read_pyproject, read_requirements
from strop.project.shipped.values import Image, Instruction, Launch, Requirement, Script, Service, Shipped
from strop.span import Span

_SHUT = frozenset(
    {"node_modules", "site-packages", "__pycache__", "venv", "env", "dist", "target", "vendor", "tests"}
)
_LOCKS = frozenset({"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"})
_REQUIREMENTS = re.compile(r"requirements[\w.-]*\.(txt|lock)$")
_IMAGE = re.compile(r"(^|[./_-])(dockerfile|containerfile)([./_-]|$)", re.I)
_COMPOSE = re.compile(r"compose[\w.-]*\.ya?ml$")
_PROXY = re.compile(
    r"(^nginx[\w.-]*\.conf(\.template)?$|^Caddyfile$|^traefik.*\.(ya?ml|toml)$|^haproxy\.cfg$)"
)
_PROXY_FOLDER = re.compile(r"(^|/)nginx(/[\w.-]+)*/[\w.-]+\.conf(\.template)?$")
_LINES = re.compile(r"^(Procfile[\w.]*|supervisord?[\w.-]*\.conf|[\w.@-]+\.service)$")
_CONFIGURATION = re.compile(r"^(gunicorn|uvicorn|hypercorn)[\w.]*\.py$")
_DEBUG = re.compile(r"^(reload|debug)\s*=\s*True\b")
_WORD = re.compile(r"[\w-]+")
_LARGEST = 8_000_000  # bytes


def read_shipped(root: Path) -> Shipped:
    """Everything below root that ships beside the code."""
    return _Shipping(root.resolve()).read()


class _Shipping:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.images: list[Image] = []
        self.services: list[Service] = []
        self.launches: list[Launch] = []
        self.requirements: list[Requirement] = []
        self.locks: list[str] = []
        self.probes: list[tuple[str, Span]] = []
        self.proxies: list[str] = []
        self.debug: list[tuple[str, Span]] = []
        self.scripts: dict[str, tuple[Launch, ...]] = {}
        self.texts: dict[str, str] = {}

    def read(self) -> Shipped:
        for path in _files(self.root):
            text = _text(path)
            if text:
                self._read(path.relative_to(self.root).as_posix(), path.name, text)
        for image in self.images:
            self.launches.extend(_of_image(image))
        for service in self.services:
            self.launches.extend(_of_service(service))
        for launches in self.scripts.values():
            self.launches.extend(launches)
        return Shipped(
            tuple(self.images),
            tuple(self.services),
            tuple(self.launches),
            tuple(self._first()),
            tuple(self.requirements),
            tuple(self.locks),
            tuple(self.probes),
            tuple(self.proxies),
            tuple(self.debug),
        )

    def _read(self, file: str, name: str, text: str) -> None:
        if name in _LOCKS:
            self.locks.append(file)
            self.requirements.extend(read_lock(file, text))
        elif _REQUIREMENTS.search(name):
            self.requirements.extend(read_requirements(file, text))
        elif name == "pyproject.toml":
            self.requirements.extend(read_pyproject(file, text))
        elif _PROXY.match(name) or _PROXY_FOLDER.search(file):
            self.proxies.append(file)
        elif _CONFIGURATION.match(name):
            self.debug.extend(_settings(file, text))
        elif _COMPOSE.search(name):
            self.services.extend(read_services(file, text))
        elif name.endswith((".yaml", ".yml")):
            self.probes.extend(probes(file, text) if "Probe:" in text else ())
        elif _LINES.match(name):
            self.launches.extend(_of_lines(file, text))
        elif _IMAGE.search(name) and not name.endswith((".py", ".sh", ".md", "ignore")):
            self.images.append(read_image(file, text))
        else:
            self.texts[file] = text
            self.scripts[file] = tuple(in_script(file, text))

    def _first(self) -> Iterator[Script]:
        """Scripts that a container starts with: named by ENTRYPOINT, CMD or the command of a service, also under
        the name that COPY gave them.
        """
        built = [i for m in self.images for s in m.stages for i in s.instructions]
        started = [i.text for i in built if i.name in ("ENTRYPOINT", "CMD")]
        said = " ".join((*started, *(s.command for s in self.services)))
        words = {Path(word.strip("\"'[],")).name for word in said.split()}
        words |= {name for i in built if i.name in ("COPY", "ADD") for name in _renamed(i, words)}
        for file in self.scripts:
            if Path(file).name in words:
                yield Script(file, frozenset(_WORD.findall(self.texts[file])))


def _renamed(copy: Instruction, started: set[str]) -> Iterator[str]:
    *sources, target = [w for w in (copy.words or copy.text.split()) if not w.startswith("--")] or [""]
    if Path(target).name in started and len(sources) == 1:
        yield Path(sources[0]).name


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(n for n in folders if n not in _SHUT and not n.startswith("."))
        for name in sorted(names):
            if _is_wanted(name, folder):
                yield Path(folder, name)


def _is_wanted(name: str, folder: str) -> bool:
    if name.endswith((".yaml", ".yml", ".sh", ".conf", ".lock", ".service", ".toml", ".txt")):
        if name.endswith(".conf") and _PROXY_FOLDER.search(f"{folder}/{name}"):
            return True
        known = name in _LOCKS or name == "pyproject.toml" or bool(_REQUIREMENTS.search(name))
        plain = name.endswith((".yaml", ".yml", ".sh", ".service")) or bool(
            _LINES.match(name) or _PROXY.match(name)
        )
        return known or plain
    if "." not in name and folder.rpartition("/")[2] in (
        "docker",
        "init_scripts",
        "scripts",
        "bin",
        "deploy",
        "deployment",
    ):
        return True  # start scripts without an ending
    if name.endswith(".template") and _PROXY_FOLDER.search(f"{folder}/{name}"):
        return True
    return bool(_IMAGE.search(name) or _LINES.match(name) or _PROXY.match(name) or _CONFIGURATION.match(name))


def _text(path: Path) -> str:
    try:
        if path.is_symlink() or path.stat().st_size > _LARGEST:
            return ""
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return ""


def _of_image(image: Image) -> Iterator[Launch]:
    for stage in image.stages:
        for each in stage.instructions:
            if each.name in ("CMD", "ENTRYPOINT"):
                if each.words:
                    yield from in_words(each.words, each.span, stage.name)
                else:
                    yield from in_text(each.text, each.span, "shell", stage.name)


def _of_service(service: Service) -> Iterator[Launch]:
    if service.command:
        span = Span(service.span.file, service.command_line, service.name)
        match = re.match(r"(?:\S*/)?(?:ba|da|a)?sh\s+-\w+\s+['\"]?(.*?)['\"]?$", service.command)
        if match:
            yield from in_text(match[1], span, "shell", service.name)
        else:
            yield from in_text(service.command, span, "line", service.name)


def _of_lines(file: str, text: str) -> Iterator[Launch]:
    """Procfile, supervisor and systemd: one command a line, run by a manager that hands signals on."""
    for number, raw in enumerate(text.split("\n"), 1):
        match = re.match(r"(?:command\s*=|ExecStart\s*=|[\w-]+:\s)\s*(.*)", raw.strip())
        if match:
            yield from in_text(match[1], Span(file, number), "line")


def _settings(file: str, text: str) -> Iterator[tuple[str, Span]]:
    if not is_development(file):
        for number, line in enumerate(text.split("\n"), 1):
            if _DEBUG.match(line):
                yield line.strip(), Span(file, number)
