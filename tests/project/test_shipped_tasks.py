"""Which tasks of developers start a server, and which of them are the production's."""

from pathlib import Path

import pytest

from strop.project.shipped.makefile import read_makefile
from strop.project.shipped.read import read_shipped
from strop.project.shipped.tasks import read_tasks
from strop.project.shipped.values import Launch

MAKEFILE = """\
PYTHON ?= venv/bin/python  # of the environment
WORKERS := 4
RUN = $(PYTHON) -m uvicorn shop.main:app

.PHONY: serve build
build:
	pip install .

serve: build  ## start it
	@alembic upgrade head
	$(RUN) \\
		--workers ${WORKERS} --port $$PORT

dev run-watch:
	-$(RUN) --reload
"""
RELOADS = "{}:\n\tuvicorn shop.main:app --reload\n"
SERVES = "serve:\n\tuvicorn shop.main:app\n"
IMAGE = "FROM python:3.12\nCMD {}\n"


def tasks(tmp_path: Path, files: dict[str, str]) -> list[Launch]:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return [launch for launch in read_shipped(tmp_path).launches if launch.how == "task"]


def test_targets_of_a_makefile_with_its_variables_and_lines() -> None:
    found = {task.name: task for task in read_makefile("Makefile", MAKEFILE)}
    assert list(found) == ["build", "serve", "dev", "run-watch"]
    assert found["serve"].others == ("build",)
    assert found["serve"].commands == (
        ("alembic upgrade head", 10),
        ("venv/bin/python -m uvicorn shop.main:app  --workers 4 --port $PORT", 11),
    )


def test_several_targets_of_one_rule_have_its_recipe() -> None:
    found = list(read_makefile("Makefile", "a b:\n\trun\nc ::\n\tstop\nd := e\n"))
    assert [(task.name, task.commands) for task in found] == [
        ("a", (("run", 2),)),
        ("b", (("run", 2),)),
        ("c", (("stop", 4),)),
    ]


def test_a_variable_that_names_itself_ends() -> None:
    (task,) = read_makefile("Makefile", "A = $(A) x\nrun:\n\t$(A)\n")
    assert task.commands[0][0].startswith("$(A) x")


@pytest.mark.parametrize(
    ("table", "runner", "name", "commands", "others"),
    [
        ('[tool.poe.tasks]\nserve = "run a"\n', "poe", "serve", [("run a", 2)], ()),
        ('[tool.poe.tasks.serve]\nshell = "run a"\n', "poe", "serve", [("run a", 2)], ()),
        ('[tool.poe.tasks]\nall = ["a", {cmd = "run b"}]\n', "poe", "all", [("run b", 2)], ("a",)),
        ('[tool.poe.tasks]\nserve = {script = "shop.cli:run"}\n', "poe", "serve", [], ()),
        ('[tool.taskipy.tasks]\nserve = {cmd = "run a"}\n', "task", "serve", [("run a", 2)], ()),
        ('[tool.pdm.scripts]\nserve = {cmd = ["run", "a b"]}\n', "pdm", "serve", [("run 'a b'", 2)], ()),
        ('[tool.pdm.scripts]\nall = {composite = ["a"]}\n', "pdm", "all", [], ("a",)),
        ('[tool.rye.scripts]\nall = {chain = ["a"]}\n', "rye", "all", [], ("a",)),
        ('[tool.hatch.envs.default.scripts]\nrun = ["a", "b"]\n', "hatch", "run", [("a", 1), ("b", 2)], ()),
        ('[tool.hatch.envs.docs.scripts]\nrun = "go"\n', "hatch", "docs:run", [("go", 2)], ()),
    ],
)
def test_tasks_of_pyproject(
    table: str, runner: str, name: str, commands: list[tuple[str, int]], others: tuple[str, ...]
) -> None:
    (task,) = read_tasks("pyproject.toml", table)
    assert (task.runner, task.name, task.others) == (runner, name, others)
    assert [command for command, _ in task.commands] == [command for command, _ in commands]
    if runner != "hatch":
        assert list(task.commands) == commands


@pytest.mark.parametrize(
    "text", ["[tool.poe]\ntasks = 3\n", "[tool.hatch.envs]\na = 1\n", "[tool.poe.tasks\n"]
)
def test_what_is_no_table_of_tasks_has_none(text: str) -> None:
    assert list(read_tasks("pyproject.toml", text)) == []


@pytest.mark.parametrize("name", ["dev", "run-dev", "watch", "run", "serve", "api"])
def test_a_task_that_nothing_runs_is_for_developers(tmp_path: Path, name: str) -> None:
    (launch,) = tasks(tmp_path, {"Makefile": RELOADS.format(name)})
    assert launch.development


@pytest.mark.parametrize("name", ["run-prod", "serve_production", "deploy"])
def test_a_task_named_for_production_is_its(tmp_path: Path, name: str) -> None:
    (launch,) = tasks(tmp_path, {"Makefile": RELOADS.format(name)})
    assert (launch.development, launch.stage, launch.span.line) == (False, name, 2)


def test_several_workers_are_no_developers(tmp_path: Path) -> None:
    table = '[tool.poe.tasks]\n{} = "uvicorn shop.main:app --workers 4"\n'
    (launch,) = tasks(tmp_path, {"pyproject.toml": table.format("serve")})
    assert (launch.development, launch.option("--workers")) == (False, "4")
    (launch,) = tasks(tmp_path, {"pyproject.toml": table.format("test-load")})
    assert launch.development


@pytest.mark.parametrize(
    ("command", "table"),
    [
        ('["make", "-s", "serve"]', ""),
        ("make serve", ""),
        ('["sh", "-c", "alembic upgrade head && make serve"]', ""),
        ('["uv", "run", "--no-sync", "poe", "serve"]', "[tool.poe.tasks]"),
        ("poetry run task serve", "[tool.taskipy.tasks]"),
        ('["pdm", "run", "serve"]', "[tool.pdm.scripts]"),
        ("hatch run serve", "[tool.hatch.envs.default.scripts]"),
        ("hatch run api:serve", "[tool.hatch.envs.api.scripts]"),
    ],
)
def test_a_task_that_a_container_runs_is_the_productions(tmp_path: Path, command: str, table: str) -> None:
    files = (
        {"pyproject.toml": f'{table}\nserve = "uvicorn shop.main:app"\n'} if table else {"Makefile": SERVES}
    )
    (launch,) = tasks(tmp_path, files | {"Dockerfile": IMAGE.format(command)})
    assert not launch.development


def test_what_a_task_runs_in_turn_is_run_too(tmp_path: Path) -> None:
    files = {"Makefile": f"start: serve\n\techo done\n\n{SERVES}", "Procfile": "web: make start\n"}
    (launch,) = tasks(tmp_path, files)
    assert not launch.development


@pytest.mark.parametrize(
    "files",
    [
        {"Dockerfile.dev": IMAGE.format("make serve")},
        {"Dockerfile": IMAGE.format("echo make serve")},
        {"Dockerfile": IMAGE.format("make build")},
        {"Dockerfile": IMAGE.format("poe serve")},
        {"Dockerfile": IMAGE.format("./start.sh"), "start.sh": "echo # make serve\n"},
        {"compose.yml": "services:\n  tests:\n    command: make serve\n"},
    ],
)
def test_a_task_that_only_developers_run_stays_theirs(tmp_path: Path, files: dict[str, str]) -> None:
    (launch,) = tasks(tmp_path, {"Makefile": SERVES} | files)
    assert launch.development


def test_a_container_that_runs_a_task_for_development_is_one_for_developers(tmp_path: Path) -> None:
    files = {"Makefile": RELOADS.format("run-dev"), "Dockerfile": IMAGE.format("make run-dev")}
    (launch,) = tasks(tmp_path, files)
    assert launch.development


def test_a_task_of_a_start_script_is_the_productions(tmp_path: Path) -> None:
    script = "#!/bin/sh\nalembic upgrade head\nexec make serve\n"
    files = {"Makefile": SERVES, "Dockerfile": IMAGE.format("./start.sh"), "start.sh": script}
    (launch,) = tasks(tmp_path, files)
    assert not launch.development
