"""What is read from files that are not Python."""

from pathlib import Path

import pytest

from strop.project.shipped.commands import in_script, in_text, is_development
from strop.project.shipped.images import read_image, started
from strop.project.shipped.read import read_shipped
from strop.project.shipped.requirements import read_pyproject, versions
from strop.project.shipped.values import Shipped
from strop.span import Span

HERE = Span("Dockerfile", 1)
IMAGE = """\
# syntax=docker/dockerfile:1
FROM python:3.12-slim AS base
RUN pip install \\
    # a comment between
    -r requirements.txt
RUN <<EOF
CMD not an instruction
EOF
USER app

FROM base AS production
COPY . .
CMD ["uvicorn", "shop.main:app", "--host=0.0.0.0", "--workers", "4"]
"""


def ship(tmp_path: Path, **files: str) -> Shipped:
    for name, text in files.items():
        path = tmp_path / name.replace("__", "/").replace("_DOT_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return read_shipped(tmp_path)


def test_stages_keep_their_lines_and_here_documents_are_no_instructions() -> None:
    image = read_image("Dockerfile", IMAGE)
    assert [(s.name, s.base) for s in image.stages] == [("base", "python:3.12-slim"), ("production", "base")]
    assert [(i.name, i.span.line, i.span.end_line) for i in image.stages[0].instructions] == [
        ("FROM", 2, 2),
        ("RUN", 3, 5),
        ("RUN", 6, 8),
        ("USER", 9, 9),
    ]
    (command,) = started(image, image.stages[1])
    assert command.words[0] == "uvicorn"


@pytest.mark.parametrize(
    ("text", "server", "execs"),
    [
        ("exec gunicorn shop.main:app -w 4", "gunicorn", True),
        ("uvicorn shop.main:app", "uvicorn", True),
        ("alembic upgrade head && uvicorn shop.main:app", "uvicorn", False),
        ("alembic upgrade head && exec uv run --no-sync uvicorn shop.main:app", "uvicorn", True),
        ("PORT=80 python -m uvicorn shop.main:app", "uvicorn", True),
        ("fastapi run --workers 4", "fastapi", True),
    ],
)
def test_a_server_is_found_behind_what_starts_it(text: str, server: str, execs: bool) -> None:
    (launch,) = in_text(text, HERE, "shell")
    assert (launch.server, launch.execs) == (server, execs)


@pytest.mark.parametrize(
    "text", ["pip install uvicorn", "echo uvicorn shop.main:app", "pkill -f gunicorn", "fastapi dev"]
)
def test_what_only_names_a_server_starts_none(text: str) -> None:
    assert list(in_text(text, HERE, "shell")) == []


def test_options_and_application_of_a_launch() -> None:
    (launch,) = in_text("uvicorn shop.main:app --host 0.0.0.0 --workers=4 --reload --port 80", HERE, "shell")
    assert (launch.application, launch.option("--workers"), launch.option("--reload")) == (
        "shop.main:app",
        "4",
        "",
    )
    assert launch.option("--proxy-headers") is None


def test_a_branch_of_a_script_is_a_condition() -> None:
    script = 'if [ "$DEV" ]; then\n  uvicorn a:app --reload\nfi\n# uvicorn c:app\nexec uvicorn \\\n  b:app\n'
    found = [
        (launch.application, launch.condition, launch.span.line) for launch in in_script("start.sh", script)
    ]
    assert found == [("a:app", True, 2), ("b:app", False, 5)]


def test_names_for_development() -> None:
    assert is_development("docker/Dockerfile.dev")
    assert is_development("compose.override.yml")
    assert not is_development("Dockerfile", "devices", "production", "latest")


def test_a_service_of_compose_with_its_lines(tmp_path: Path) -> None:
    text = "services:\n  api:\n    image: shop:1\n    command: >\n      sh -c 'migrate && uvicorn shop.main:app'\n    environment:\n      - KEY=abc\n"
    found = ship(tmp_path, compose_DOT_yml=text)
    (service,), (launch,) = found.services, found.launches
    assert (service.name, service.span.line, service.environment) == ("api", 2, (("KEY", "abc", 7),))
    assert (launch.how, launch.execs, launch.stage) == ("shell", False, "api")


def test_a_lock_file_wins_over_a_pin_and_a_pin_over_a_floor(tmp_path: Path) -> None:
    found = ship(
        tmp_path,
        uv_DOT_lock='[[package]]\nname = "fastapi"\nversion = "0.116.1"\n',
        requirements_DOT_txt="fastapi==0.100.0\nStarlette==0.40.0  # why\n-r other.txt\n",
        pyproject_DOT_toml='[project]\ndependencies = ["pydantic>=2.5", "uvicorn", "starlette>=0.30"]\n',
    )
    assert versions(found.requirements) == (
        ("fastapi", "0.116.1"),
        ("pydantic", ">=2.5"),
        ("starlette", "0.40.0"),
    )


def test_poetry_spells_floors_with_carets() -> None:
    text = '[tool.poetry.dependencies]\npython = "^3.11"\nfastapi = "^0.110"\nhttpx = {version = "0.27.0", extras = ["http2"]}\n'
    found = {r.name: (r.specifier, r.span.line) for r in read_pyproject("pyproject.toml", text)}
    assert found == {"fastapi": (">=0.110", 3), "httpx": ("==0.27.0", 4)}


def test_probes_of_plain_files_and_of_templates(tmp_path: Path) -> None:
    pod = "spec:\n  containers:\n    - livenessProbe:\n        httpGet: {path: /health, port: 80}\n"
    chart = "{{- if .Values.on }}\n  readinessProbe:\n    httpGet:\n      path: /ready\n{{- end }}\n"
    found = ship(tmp_path, k8s__chart_DOT_yaml=chart, k8s__pod_DOT_yaml=pod)
    assert found.probes == (
        ("/ready", Span("k8s/chart.yaml", 2, "readiness")),
        ("/health", Span("k8s/pod.yaml", 3, "liveness")),
    )
