"""What do the files around the code say of how it is built, started and watched?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from strop.project.shipped.built import Mentions, is_workflow
from strop.project.shipped.commands import in_script, in_text, in_words, is_development
from strop.project.shipped.compose import probes, read_services
from strop.project.shipped.images import read_image
from strop.project.shipped.listing import (
    CONFIGURATION,
    IMAGE,
    LINES,
    LOCKS,
    MAKEFILE,
    PROXY,
    PROXY_FOLDER,
    REQUIREMENTS,
    shipped_files,
)
from strop.project.shipped.makefile import read_makefile
from strop.project.shipped.migrations import Migrated
from strop.project.shipped.requirements import read_lock, read_pyproject, read_requirements
from strop.project.shipped.revisions import is_revision
from strop.project.shipped.runs import of_tasks
from strop.project.shipped.tasks import read_tasks
from strop.project.shipped.values import (
    Image,
    Instruction,
    Launch,
    Requirement,
    Script,
    Service,
    Shipped,
    Task,
)
from strop.regex import regex
from strop.span import Span

_COMPOSE = regex(r"compose[\w.-]*\.ya?ml$")
_DEBUG = regex(r"^(reload|debug)\s*=\s*True\b")
_UPSTREAM = regex(r"\b(?:server|proxy_pass|reverse_proxy(?:\s+/\S*)?)\s+(?:https?://)?([\w.{}$-]*):(\d+)")
_WORD = regex(r"[\w-]+")


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
        self.upstreams: list[tuple[str, str]] = []  # host and port
        self.debug: list[tuple[str, Span]] = []
        self.scripts: dict[str, tuple[Launch, ...]] = {}
        self.tasks: list[Task] = []
        self.managed: list[str] = []  # commands of process managers
        self.texts: dict[str, str] = {}
        self.migrated = Migrated()
        self.mentions = Mentions()

    def read(self) -> Shipped:
        for file, data in shipped_files(self.root):
            text, name = _text(data), file.rpartition("/")[2]
            if name.endswith((".yaml", ".yml", ".sh")) or ("." not in name and not IMAGE.search(name)):
                self.mentions.read(file, text)
            if text and not is_workflow(file):
                self._read(file, name, text)
        for image in self.images:
            self.launches.extend(_of_image(image))
        for service in self.services:
            self.launches.extend(_of_service(service))
        for launches in self.scripts.values():
            self.launches.extend(launches)
        first = tuple(self._first())
        self.launches.extend(of_tasks(self.tasks, self._commands(first)))
        return Shipped(
            tuple(self.images),
            tuple(self.services),
            tuple(self.launches),
            first,
            tuple(self.requirements),
            tuple(self.locks),
            tuple(self.probes),
            tuple(self.proxies),
            tuple(self.debug),
            tuple(port for _, port in self.upstreams),
            tuple(host for host, _ in self.upstreams),
            self.migrated.indexes(),
            self.mentions.unbuilt(self.images, self.services),
        )

    def _read(self, file: str, name: str, text: str) -> None:
        if is_revision(name, file.rpartition("/")[0]):
            self.migrated.read(file, text)
        elif name in LOCKS:
            self.locks.append(file)
            self.requirements.extend(read_lock(file, text))
        elif REQUIREMENTS.search(name):
            self.requirements.extend(read_requirements(file, text))
        elif name == "pyproject.toml":
            self.requirements.extend(read_pyproject(file, text))
            self.tasks.extend(read_tasks(file, text))
        elif MAKEFILE.search(name):
            self.tasks.extend(read_makefile(file, text))
        elif PROXY.match(name) or PROXY_FOLDER.search(file):
            self.proxies.append(file)
            self.upstreams.extend(_UPSTREAM.findall(text) if not is_development(file) else ())
        elif CONFIGURATION.match(name):
            self.debug.extend(_settings(file, text))
        elif _COMPOSE.search(name):
            self.services.extend(read_services(file, text))
        elif name.endswith((".yaml", ".yml")):
            self.probes.extend(probes(file, text) if "Probe:" in text else ())
        elif LINES.match(name):
            self.launches.extend(_of_lines(file, text))
            self.managed.extend(command for _, command in _managed(text) if not is_development(file))
        elif IMAGE.search(name) and not name.endswith((".py", ".sh", ".md", "ignore")):
            self.images.append(read_image(file, text))
        else:
            self.texts[file] = text
            self.scripts[file] = tuple(in_script(file, text))

    def _commands(self, first: tuple[Script, ...]) -> Iterator[str]:
        """Everything that production starts with: containers, services, their scripts, process managers."""
        for image in self.images:
            for stage in image.stages:
                if not is_development(image.file, stage.name):
                    yield from (
                        " ".join(i.words) or i.text
                        for i in stage.instructions
                        if i.name in ("CMD", "ENTRYPOINT")
                    )
        yield from (s.command for s in self.services if not is_development(s.span.file, s.name))
        yield from (self.texts[script.file] for script in first if not is_development(script.file))
        yield from self.managed

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


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
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
    for number, command in _managed(text):
        yield from in_text(command, Span(file, number), "line")


def _managed(text: str) -> Iterator[tuple[int, str]]:
    """The commands of a process manager, by line."""
    for number, raw in enumerate(text.split("\n"), 1):
        match = re.match(r"(?:command\s*=|ExecStart\s*=|[\w-]+:\s)\s*(.*)", raw.strip())
        if match:
            yield number, match[1]


def _settings(file: str, text: str) -> Iterator[tuple[str, Span]]:
    if not is_development(file):
        for number, line in enumerate(text.split("\n"), 1):
            if _DEBUG.match(line):
                yield line.strip(), Span(file, number)
