from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.probe_drive.process import CLOCK, PROBE, Oracle
from tests.probe_drive.process_code import run_code

TRY = """
    def attempt(call, *args):
        try:
            call(*args)
        except OSError as error:
            return f"{type(error).__name__}: {error}"
        return "done"
"""


def test_other_machines_are_refused_and_counted(tmp_path: Path) -> None:
    result = run_code(
        """
    import asyncio, socket, urllib.request
    from strop.probe import network
    network.install()
    """
        + TRY
        + """
    async def connect():
        await asyncio.open_connection("async.example.com", 80)
    result = [
        attempt(socket.create_connection, ("example.com", 80)),
        attempt(socket.create_connection, ("10.1.2.3", 80)),
        attempt(urllib.request.urlopen, "http://www.example.com/x"), attempt(lambda: asyncio.run(connect())),
        attempt(socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto, b"x", ("8.8.8.8", 53)),
        attempt(socket.create_connection, ("example.com", 80)),
    ], network.take_refused(), network.take_refused()
    """,
        tmp_path,
    )
    messages, refused, again = result
    assert all("ConnectionRefusedError" in each for each in messages if "URLError" not in each), messages
    assert "www.example.com" in messages[2]
    assert refused == [
        "example.com:80",
        "10.1.2.3:80",
        "www.example.com:80",
        "async.example.com:80",
        "8.8.8.8:53",
    ]
    assert again == []


def test_this_machine_can_be_reached_by_name_address_and_socket_file(tmp_path: Path) -> None:
    result = run_code(
        """
    import socket
    from strop.probe import network
    network.install()
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    local = socket.socket(socket.AF_UNIX); local.bind("s"); local.listen()
    for host in ("localhost", "127.0.0.1"):
        socket.create_connection((host, port)).close()
    each = socket.socket(socket.AF_UNIX); each.connect("s")
    socket.getaddrinfo(None, 80); socket.getaddrinfo("localhost", 80); socket.getaddrinfo("::1", 80)
    for each in (server, local, each):
        each.close()
    result = network.take_refused()
    """,
        tmp_path,
    )
    assert result == []


CHANGES = {
    "open": "open(f'{d}/old', 'a')",
    "create": "open(f'{d}/new', 'w')",
    "touch": "pathlib.Path(d, 'new').touch()",
    "remove": "os.remove(f'{d}/old')",
    "rename": "os.rename(f'{d}/old', f'{d}/new')",
    "replace": "os.replace('mine', f'{d}/old')",
    "mkdir": "os.mkdir(f'{d}/folder')",
    "rmdir": "os.rmdir(f'{d}/sub')",
    "rmtree": "shutil.rmtree(d)",
    "symlink": "os.symlink('mine', f'{d}/link')",
    "chmod": "os.chmod(f'{d}/old', 0o600)",
    "truncate": "os.truncate(f'{d}/old', 0)",
    "copy": "shutil.copy('mine', f'{d}/old')",
    "link": "open('to-old', 'w')",
    "relative": "open('../user/old', 'w')",
    "descriptor": "os.remove('old', dir_fd=os.open(d, os.O_RDONLY))",
    "sqlite": "sqlite3.connect(f'{d}/new.db')",
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_users_tree_is_not_written(change: str, tmp_path: Path) -> None:
    user, world = tmp_path / "user", tmp_path / "world"
    (user / "sub").mkdir(parents=True)
    world.mkdir()
    (user / "old").write_text("old")
    (world / "mine").write_text("mine")
    (world / "to-old").symlink_to(user / "old")
    result = run_code(
        f"""
    import os, pathlib, shutil, sqlite3
    from strop.probe import guard
    guard.install([{str(user)!r}], [{str(world)!r}])
    d = {str(user)!r}
    """
        + TRY
        + f"""
    result = attempt(lambda: {CHANGES[change]}), pathlib.Path(d, "old").read_text()
    """,
        world,
    )
    assert "PermissionError" in result[0]
    assert str(user) in result[0]
    assert sorted(each.name for each in user.iterdir()) == ["old", "sub"]
    assert (user / "old").read_text() == "old"
    assert (world / "mine").exists()


def test_reading_there_and_writing_elsewhere_is_free(tmp_path: Path) -> None:
    world = tmp_path / "user" / "world"
    world.mkdir(parents=True)
    (tmp_path / "user" / "old").write_text("old")
    result = run_code(
        f"""
    import os, shutil, tempfile
    from strop.probe import guard
    guard.install([{str(tmp_path / "user")!r}], [{str(world)!r}])
    open("new", "w").close(); os.mkdir("sub"); shutil.rmtree("sub"); os.remove("new")
    result = open("../old").read()
    """,
        world,
    )
    assert result == "old"


CHILD = """
import datetime, json, os, random, socket, sqlite3
found = {"now": datetime.datetime.now(datetime.timezone.utc).timestamp(), "random": random.random()}
try:
    socket.create_connection(("example.com", 80))
except ConnectionRefusedError as error:
    found["network"] = str(error)
try:
    open(os.environ["USER_TREE"] + "/new", "w")
except PermissionError as error:
    found["guard"] = error.filename
sqlite3.connect("data.db").execute("CREATE TABLE IF NOT EXISTS t (x)").connection.close()
found["own"] = os.environ.get("OWN_SITECUSTOMIZE")
print(json.dumps(found))
"""


def _child(tmp_path: Path, own: bool) -> dict[str, object]:
    user, world, config = tmp_path / "user", tmp_path / "world", tmp_path / "config.json"
    for each in (user, world, tmp_path / "path"):
        each.mkdir(exist_ok=True)
    if own:
        (tmp_path / "path" / "sitecustomize.py").write_text(
            "import os\nos.environ['OWN_SITECUSTOMIZE'] = 'ran'\n"
        )
    oracle = Oracle(lambda question: {"path": str(tmp_path / "clone.db")})
    config.write_text(
        json.dumps(
            {
                "mode": "serve",
                "root": str(world),
                "ask": oracle.path,
                "protect": [str(user)],
                "clock": CLOCK,
                "seed": "s",
            }
        )
    )
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{PROBE / 'descend'}:{tmp_path / 'path'}",
        "STROP_PROBE_CONFIG": str(config),
        "USER_TREE": str(user),
        "TMPDIR": str(world),
    }
    # A process of a process: the walls are handed down.
    command = f"[sys.executable, '-c', {CHILD!r}]"
    outer = f"import subprocess, sys; print(subprocess.check_output({command}, text=True))"
    done = subprocess.run(
        [sys.executable, "-c", outer], cwd=world, env=environ, capture_output=True, text=True
    )
    oracle.close()
    assert done.returncode == 0, done.stderr
    assert oracle.questions == [{"ask": "sqlite", "path": str(world / "data.db")}]
    assert (tmp_path / "clone.db").exists()
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_child_processes_stand_behind_the_same_walls(tmp_path: Path) -> None:
    found = _child(tmp_path, own=False)
    assert found["now"] == CLOCK
    assert "example.com" in str(found["network"])
    assert found["guard"] == str(tmp_path / "user" / "new")
    assert found["own"] is None
    assert _child(tmp_path, own=False)["random"] == found["random"]


def test_the_environments_own_sitecustomize_runs_too(tmp_path: Path) -> None:
    assert _child(tmp_path, own=True)["own"] == "ran"


def test_a_child_that_cannot_have_walls_ends(tmp_path: Path) -> None:
    environ = {"PYTHONPATH": str(PROBE / "descend"), "STROP_PROBE_CONFIG": str(tmp_path / "missing.json")}
    done = subprocess.run([sys.executable, "-c", "print('ran')"], env=environ, capture_output=True, text=True)
    assert done.returncode != 0
    assert "ran" not in done.stdout
    assert "missing.json" in done.stderr


def test_a_database_of_which_there_is_a_clone_is_not_removed(tmp_path: Path) -> None:
    """Its path is what the application knows: a route that begins anew removes the file."""
    original, clone = tmp_path / "data.db", tmp_path / "clone.db"
    original.write_bytes(b"canary")
    oracle = Oracle(lambda question: {"path": str(clone)})
    code = f"""
    import os, sqlite3
    from strop.probe import ask, sqlite_files
    ask.install({oracle.path!r})
    sqlite_files.install(redirect=True)
    sqlite3.connect({str(original)!r}).close()
    """
    tries = f"""
    result = [
        attempt(os.remove, {str(original)!r}), attempt(os.rename, "{original}.new", {str(original)!r}),
        attempt(open, {str(original)!r}, "wb"), attempt(os.remove, "{original}-wal"),
    ]
    """
    result = run_code(code + TRY + tries, tmp_path)
    oracle.close()
    assert all(each.startswith("PermissionError") for each in result), result
    assert original.read_bytes() == b"canary"
