"""Which container files does nothing in a repository build, though its workflows build others?"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence

from strop.project.shipped.values import Image, Service
from strop.regex import regex

_MEANT = regex(r"docker|container|podman|build|context|chart|directory", re.IGNORECASE)
_ENTERS = regex(r"\bcd\b|pushd")
_BUILDS = regex(r"(docker|podman|buildah|buildx|compose)\b.*\b(build|bake|bud)\b|build-push-action|kaniko")
_COMMAND = regex(r"\b(docker|podman|buildx|buildah|kaniko)\b", re.IGNORECASE)
_OPEN = regex(  # a folder or file put together of parts, or given from elsewhere: not one whole value of a matrix
    r"(\bbuild|file:|context:|directory:|\bcd)\s.*(\w/\$|\}/|\$\{\{\s*(inputs|env|github\.event)\b|\bcd +[\"']?\$)"
    r"|(\bcd|-f|--file)[ =]+[\"']?\$"
)


class Mentions:
    """What the files of a repository say of container files, line by line."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []  # file and line

    def read(self, file: str, text: str) -> None:
        """Take over the lines of a workflow, script, chart or Makefile that may build something."""
        enters = bool(_BUILDS.search(text))  # `cd api`, and later `docker build .`
        for line in (each for each in text.splitlines() if not each.lstrip().startswith("#")):
            if is_workflow(file) or _MEANT.search(line) or (enters and _ENTERS.search(line)):
                self.lines.append((file, line))

    def unbuilt(self, images: Sequence[Image], services: Iterable[Service]) -> tuple[str, ...]:
        """Such container files; none where workflows name no other, or put a name together."""
        flows = [line for file, line in self.lines if is_workflow(file)]
        listed = [image.file for image in images if any(_names(line, image.file) for line in flows)]
        if not listed or any(_OPEN.search(line) for line in flows):
            return ()
        composed = {service.builds for service in services}
        others = (i.file for i in images if "/" in i.file and i.file not in composed and i.file not in listed)
        return tuple(file for file in others if not self._is_built(file))

    def _is_built(self, image: str) -> bool:
        """Whether any line names the file or its folder, or a command stands in this folder."""
        folder = posixpath.dirname(image)
        return any(
            _names(line, image)
            or (bool(_MEANT.search(line) or _ENTERS.search(line)) and _names(line, folder))
            or _is_value(line, folder)
            or (file.startswith(folder + "/") and bool(_COMMAND.search(line)))
            for file, line in self.lines
        )


def is_workflow(file: str) -> bool:
    """Whether this is a workflow of GitHub's."""
    return file.startswith(".github/workflows/")


def _names(line: str, path: str) -> bool:
    """Whether a line has this path as a word."""
    return path in line and bool(re.search(rf"(?<![\w-]){re.escape(path)}/?(?![\w/.-])", line))


def _is_value(line: str, folder: str) -> bool:
    """Whether a line is a folder, as one value of a matrix or in a list of them."""
    named = folder in line and bool(
        re.fullmatch(rf"[\s-]*([\w.-]+:)?\s*[\"']?(\./)?{re.escape(folder)}/?[\"']?,?\s*", line)
    )
    return named or ("[" in line and _names(line, folder))
