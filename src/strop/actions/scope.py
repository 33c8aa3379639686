"""What is reviewed: which folder is read, and what of it a finding must touch to be reported?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from strop.finding import Finding
from strop.problem import EXIT_USAGE, Problem
from strop.project.outline import Outline
from strop.span import Span
from strop.world import changes, git

STAGED = "the last commit, staged"
PROJECT = (".git", "pyproject.toml", "setup.py", "setup.cfg", "requirements.txt")  # lies at the top of one
_FAR = 60  # lines of decorators above a function, at most


class Scope(Struct, frozen=True):
    """The folder that is read, and what is asked for in it; paths are relative to the folder."""

    root: Path
    paths: tuple[str, ...] = ()  # files and folders that are asked for; all without any
    changed: dict[str, tuple[range, ...]] | None = (
        None  # changed lines by file, None where all code is reviewed
    )
    base: str = ""  # what it differs from, in words
    prefix: str = ""  # from the top of the repository to the root
    notes: tuple[str, ...] = field(default=())

    def holds_file(self, file: str) -> bool:
        """Whether the file is asked for and, where that matters, changed."""
        return self.names(file) and (self.changed is None or file in self.changed)

    def names(self, file: str) -> bool:
        """Whether the file lies in one of the paths that were given."""
        return not self.paths or any(file == path or file.startswith(f"{path}/") for path in self.paths)


class Touching:
    """Answers whether a finding touches what is reviewed."""

    def __init__(self, scope: Scope, outline: Outline) -> None:
        self._scope = scope
        self._changed = scope.changed or {}
        self._functions = _changed_functions(outline, self._changed, scope.root)

    def touches(self, finding: Finding) -> bool:
        """Whether one of its places, or a step of its chain, lies in changed lines or in a changed function."""
        places = (finding.span, *finding.places, *(step.span for step in finding.chain))
        if not any(self._scope.names(span.file) for span in places):
            return False
        return self._scope.changed is None or any(map(self._is_changed, places))

    def nearest(self, finding: Finding) -> Finding:
        """The finding with those of its other places first that lie in what is reviewed: they brought it here."""
        first = sorted(finding.places, key=lambda span: (not self._is_asked(span), span))
        return replace(finding, places=tuple(first))

    def _is_asked(self, span: Span) -> bool:
        return self._scope.names(span.file) and (self._scope.changed is None or self._is_changed(span))

    def _is_changed(self, span: Span) -> bool:
        lines = range(span.line, max(span.line, span.end_line) + 1)
        inside = (around for around in self._functions.get(span.file, ()) if span.line in around)
        return _meet(lines, self._changed.get(span.file, ())) or any(inside)


def find_root(path: Path) -> Path:
    """The project around a file or folder: the nearest folder that looks like the top of one.

    It is looked for as far up as the git repository reaches; outside git, up to the working directory.
    """
    path, here = path.resolve(), Path.cwd()
    folder = path if path.is_dir() else path.parent
    above = (folder, *folder.parents)
    top = next((f for f in above if (f / ".git").exists()), here if here in above else folder)
    inside = above[: above.index(top) + 1]
    default = folder if path.is_dir() else top
    return next((f for f in inside if any((f / name).exists() for name in PROJECT)), default)


def find_scope(given: Sequence[Path], everything: bool, since: str | None, staged: bool) -> Scope:
    """What these paths and options ask for. Raises Problem T100 and R506.

    Without paths and options: what changed since the main branch; everything outside git.
    """
    for path in given:
        _must_exist(path)
    root = _common_root([path.resolve() for path in given] or [Path.cwd()])
    targets = [path.resolve() for path in given] or [Path.cwd()]
    paths = tuple(sorted({t.relative_to(root).as_posix() for t in targets if t != root}))
    repo = git.top_level(root)
    prefix = "" if repo is None else _prefix(repo, root)
    scope = Scope(root, paths if root not in targets else (), prefix=prefix)
    wants_changes = since is not None or staged or not (everything or given)
    if everything or not wants_changes:
        return scope
    if repo is None or not git.is_tracked(repo, root):
        if since:
            message = f"{root} is not in a git repository that has a commit"
            raise Problem("R506", message, do="leave --diff out: everything is reviewed", status=EXIT_USAGE)
        return replace(scope, notes=("there is no commit to compare with: everything is reviewed",))
    return _changed_scope(scope, repo, since or "", staged)


def _changed_scope(scope: Scope, repo: Path, since: str, staged: bool) -> Scope:
    root, paths, prefix = scope.root, scope.paths, scope.prefix
    if staged:
        return Scope(root, paths, _below(changes.changed_staged(repo, root), prefix), STAGED, prefix)
    name = since or changes.main_branch(repo) or ""
    commit = changes.find_commit(repo, name) if name else None
    if since and commit is None:
        raise _no_commit(since)
    if commit is None:
        note = "there is no main branch to compare with: everything is reviewed (--diff REF names another)"
        return Scope(root, paths, prefix=prefix, notes=(note,))
    fork = changes.fork_point(repo, commit)
    notes = (
        () if fork else (f"no commit is shared with {name} (a shallow clone?): compared with {name} itself",)
    )
    found = _below(changes.changed_since(repo, fork or commit, root), prefix)
    return Scope(root, paths, found, name, prefix, notes)


def _no_commit(name: str) -> Problem:
    if Path(name).exists():
        do = f"{name} is a path: write it before --diff, or --diff=REF"
    else:
        do = "git log names commits; a shallow clone needs git fetch first"
    return Problem("R506", f"there is no commit {name}", do=do, status=EXIT_USAGE)


def _below(changed: changes.Changed, prefix: str) -> changes.Changed:
    return {name.removeprefix(prefix): lines for name, lines in changed.items() if name.startswith(prefix)}


def _prefix(repo: Path, root: Path) -> str:
    inside = root.relative_to(repo.resolve()).as_posix()
    return "" if inside == "." else f"{inside}/"


def _must_exist(path: Path) -> None:
    if not path.exists():
        do = "give folders or files of the backend, or start strop in its folder"
        raise Problem("T100", f"{path} does not exist", do=do, status=EXIT_USAGE)


def _common_root(targets: list[Path]) -> Path:
    """The project around all of them; the folder that they share, where they lie in several."""
    roots = {find_root(target) for target in targets}
    first, *others = sorted(roots)
    return next(f for f in (first, *first.parents) if all(other.is_relative_to(f) for other in others))


def _changed_functions(
    outline: Outline, changed: dict[str, tuple[range, ...]], root: Path
) -> dict[str, tuple[range, ...]]:
    """The functions, decorators included, that hold a changed line."""
    found: dict[str, list[range]] = {}
    texts: dict[str, list[str]] = {}
    for span in outline.functions:
        file = span.file
        if file in changed and not span.symbol.startswith("<"):
            if file not in texts:
                texts[file] = _read(root / file)
            whole = _whole(span, texts[file])
            if _meet(whole, changed[file]):
                found.setdefault(file, []).append(whole)
    return {file: tuple(ranges) for file, ranges in found.items()}


def _whole(span: Span, lines: list[str]) -> range:
    """The function's lines from its first decorator on."""
    first = begin = span.line
    indent = _indent(lines, first)
    for line in range(first - 1, max(first - _FAR, 0), -1):
        text = lines[line - 1] if line <= len(lines) else ""
        if not text.strip() or (_indent(lines, line) <= indent and text.lstrip()[0] not in "@)]}#"):
            break
        if text.lstrip().startswith("@") and _indent(lines, line) == indent:
            begin = line
    return range(begin, max(span.end_line, first) + 1)


def _indent(lines: list[str], number: int) -> int:
    text = lines[number - 1] if number <= len(lines) else ""
    return len(text) - len(text.lstrip())


def _read(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", errors="replace").split("\n")
    except OSError:
        return []


def _meet(lines: range, ranges: tuple[range, ...]) -> bool:
    return any(lines.start < other.stop and other.start < lines.stop for other in ranges)
