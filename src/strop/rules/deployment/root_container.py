"""The application runs as root in its container.

**What.** The image that serves the application has no `USER`, and its start script doesn't drop the rights.

**Why it costs.** Whoever gets code to run in the service (a deserialiser, a template, a dependency) is root: may write the
code, install tools, and is one kernel hole or mounted socket away from the host.

**How it is found.** Container files that install a Python project and start an ASGI server: the last stage and those it
builds on have no `USER` but root, no service sets one, and no `gosu`, `su-exec` or `setpriv` stands in the start script.

**How to fix it.** `RUN useradd --system app` and `USER app`, after what needs root.

**When it is no problem.** An orchestrator that forces another user (`runAsNonRoot`); base images whose default user
isn't root. A note where the image's own command has `--reload`, or where only services build it that mount the sources over it
and another image of the repository is for production: it is one to develop with; and where
the repository's workflows build other images, and no workflow, compose file, chart or script builds this one.

**Sources.** Docker, "USER": https://docs.docker.com/build/building/best-practices/#user
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.project import Project
from strop.project.shipped.values import Image, Instruction
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.shipping import applications, instructions, is_to_develop_with

RULE = Rule("DEP006", "root-container", "deployment", "warning", "The container runs as root", static=True)

_DROPS = frozenset({"gosu", "su-exec", "setpriv", "runuser", "setuidgid", "s6-setuidgid", "su", "sudo"})
_OTHER_USER = ("nonroot", "rootless", "unprivileged", "chainguard")


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each image."""
    if any("user" in s.keys for s in project.shipped.services) or any(
        s.words & _DROPS for s in project.shipped.scripts
    ):
        return
    for image, stage, first in applications(project):
        built = instructions(image, stage)
        users = [i for i in built if i.name == "USER"]
        base = next((i.text for i in built if i.name == "FROM"), "")
        drops = any(word in i.text for i in first for word in ("gosu", "su-exec", "setpriv"))
        if drops or any(word in base for word in _OTHER_USER):
            continue
        if not users or users[-1].text.split(":")[0] in ("root", "0"):
            yield draft(
                RULE,
                (users[-1] if users else first[-1]).span,
                (),
                message=f"{image.file} starts the server as root",
                impact="whoever gets code to run in the service is root in the container, and closer to the host",
                solution="make a user in the image and switch to it with USER before the command",
                known="static",
                confidence=0.85,
                severity="note" if _is_for_developers(project, image, first) else None,
            )


def _is_for_developers(project: Project, image: Image, first: tuple[Instruction, ...]) -> bool:
    """Whether nobody but developers starts it, by its command or by what builds it."""
    if image.file in project.shipped.unbuilt:
        return True
    return any("--reload" in i.text for i in first) or is_to_develop_with(project, image)


_ROOT = """\
FROM python:3.12-slim
COPY . /app
RUN pip install -r requirements.txt
CMD ["uvicorn", "main:app"]
"""

_WORKFLOW = """\
jobs:
  api:
    steps:
      - uses: docker/build-push-action@v6
        with:
          file: ./api/Dockerfile
"""

EXAMPLES = (
    Example("no user", {"main.py": "", "Dockerfile": _ROOT}, bad=True),
    Example(
        "an image to develop with: a note",
        {"main.py": "", "Dockerfile": _ROOT.replace('"main:app"', '"main:app", "--reload"')},
        bad=True,
    ),
    Example(
        "built for developers alone, beside the one that is shipped: a note",
        {
            "backend/main.py": "",
            "Dockerfile": _ROOT.replace("CMD", "RUN useradd --system app\nUSER app\nCMD"),
            "backend/Dockerfile": _ROOT,
            "compose.yml": "services:\n  api:\n    build:\n      context: backend\n    volumes:\n      - ./backend:/app\n",
        },
        bad=True,
    ),
    Example(
        "no workflow builds it, as others: a note",
        {
            "main.py": "",
            "api/Dockerfile": _ROOT.replace("CMD", "RUN useradd --system app\nUSER app\nCMD"),
            "trials/Dockerfile": _ROOT,
            ".github/workflows/images.yml": _WORKFLOW,
        },
        bad=True,
    ),
    Example(
        "a script builds it",
        {
            "main.py": "",
            "api/Dockerfile": _ROOT.replace("CMD", "RUN useradd --system app\nUSER app\nCMD"),
            "trials/Dockerfile": _ROOT,
            "release.sh": "docker build -t trials trials\n",
            ".github/workflows/images.yml": _WORKFLOW,
        },
        bad=True,
    ),
    Example(
        "a user of its own",
        {"main.py": "", "Dockerfile": _ROOT.replace("CMD", "RUN useradd --system app\nUSER app\nCMD")},
        bad=False,
        mends="no user",
    ),
    Example(
        "the script drops the rights",
        {
            "main.py": "",
            "Dockerfile": _ROOT.replace('CMD ["uvicorn", "main:app"]', 'ENTRYPOINT ["/entry.sh"]'),
            "entry.sh": "#!/bin/sh\nchown -R app /data\nexec gosu app uvicorn main:app\n",
        },
        bad=False,
    ),
    Example(
        "a script that starts whatever it is told",
        {
            "main.py": "",
            "Dockerfile": _ROOT.replace('CMD ["uvicorn", "main:app"]', 'ENTRYPOINT ["/entry.sh"]'),
            "entry.sh": '#!/bin/sh\npython -m pip install $EXTRA\nexec "$@"\n',
        },
        bad=False,
    ),
)
