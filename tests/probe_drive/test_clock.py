from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.probe_drive.process_code import run_code

START = """
    import datetime, time, pickle
    real = datetime.datetime, datetime.date, datetime.datetime.now()
    from strop.probe import clock
    clock.install(1_700_000_000.25)
"""


def test_every_way_to_ask_for_the_time_gives_the_frozen_one(tmp_path: Path) -> None:
    result = run_code(
        START
        + """
    utc = datetime.timezone.utc
    result = [
        datetime.datetime.now(utc).isoformat(), datetime.datetime.now(tz=utc).isoformat(),
        time.time(), time.time_ns(), time.clock_gettime(time.CLOCK_REALTIME),
        time.gmtime()[:6], time.mktime(time.localtime()), time.mktime(time.strptime(time.ctime())),
        time.mktime(time.strptime(time.asctime())), int(time.strftime("%s")),
        datetime.datetime.now().timestamp(), datetime.datetime.today().timestamp(),
        datetime.date.today() == datetime.date.fromtimestamp(1_700_000_000),
    ]
    """,
        tmp_path,
    )
    moment, second = "2023-11-14T22:13:20.250000+00:00", 1_700_000_000
    assert result == [
        moment, moment,
        1_700_000_000.25, 1_700_000_000_250_000_000, 1_700_000_000.25,
        [2023, 11, 14, 22, 13, 20], second, second, second, second,
        1_700_000_000.25, 1_700_000_000.25, True,
    ]  # fmt: skip


def test_functions_with_a_time_given_do_not_change(tmp_path: Path) -> None:
    result = run_code(
        START
        + """
    result = [time.gmtime(0)[0], time.strftime("%Y", time.gmtime(0)), time.localtime(86400 * 400)[0],
        time.ctime(86400 * 400)[-4:], time.asctime(time.gmtime(0))]
    """,
        tmp_path,
    )
    assert result == [1970, "1970", 1971, "1971", "Thu Jan  1 00:00:00 1970"]


def test_types_keep_their_identity_and_subclasses_their_own_now(tmp_path: Path) -> None:
    result = run_code(
        START
        + """
    class Mine(datetime.datetime):
        pass
    class Day(datetime.date):
        pass
    now = datetime.datetime.now()
    result = [
        (datetime.datetime, datetime.date) == real[:2], type(now) is type(real[2]),
        isinstance(now, datetime.date),
        pickle.loads(pickle.dumps(now)) == now, type(Mine.now()).__name__, type(Mine.today()).__name__,
        type(Day.today()).__name__, type(Mine.now(datetime.timezone.utc)).__name__,
    ]
    """,
        tmp_path,
    )
    assert result == [True, True, True, True, "Mine", "Mine", "Day", "Mine"]


def test_utcnow_is_frozen_and_warns_where_python_does(tmp_path: Path) -> None:
    result = run_code(
        START
        + """
    import warnings
    class Mine(datetime.datetime):
        pass
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        first, second = datetime.datetime.utcnow(), Mine.utcnow()
    result = [str(first), type(second).__name__, [str(each.category.__name__) for each in caught]]
    """,
        tmp_path,
    )
    warned = ["DeprecationWarning"] * 2 if sys.version_info >= (3, 12) else []
    assert result == ["2023-11-14 22:13:20.250000", "Mine", warned]


def test_the_clock_is_set_between_requests_and_timeouts_go_on_working(tmp_path: Path) -> None:
    result = run_code(
        START
        + """
    import asyncio
    clock.set_time(1_700_000_009)
    async def wait():
        try:
            async with asyncio.timeout(0.05):
                await asyncio.sleep(5)
        except TimeoutError:
            return "in time"
    before = time.monotonic()
    result = [time.time(), asyncio.run(wait()), 0.04 < time.monotonic() - before < 2]
    """,
        tmp_path,
    )
    assert result == [1_700_000_009.0, "in time", True]


SQL = """
    import sqlite3
    {force}
    connection = sqlite3.connect(":memory:")
    sqlite_clock.prepare(connection)
    one = lambda sql, *values: connection.execute(sql, values).fetchone()
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, at TEXT DEFAULT CURRENT_TIMESTAMP, day TEXT)")
    connection.execute("CREATE INDEX by_day ON t (date(day))")
    connection.execute("INSERT INTO t (day) VALUES ('2001-02-03 04:05:06')")
    result = [
        one("SELECT CURRENT_TIMESTAMP, CURRENT_DATE, CURRENT_TIME"),
        one("SELECT datetime('now'), date('NOW'), time('now'), datetime(?, '+1 day')", "now"),
        one("SELECT strftime('%s', 'now'), round(julianday('now'), 4), strftime('%f', 'now')"),
        one("SELECT datetime(), date(0, 'unixepoch'), datetime('2000-01-01'), date(NULL)"),
        one("SELECT at, date(day) FROM t WHERE date(day) = '2001-02-03'"),
    ]
    if sqlite3.sqlite_version_info >= (3, 38):
        assert one("SELECT unixepoch(), unixepoch('now')") == (1_700_000_000, 1_700_000_000)
    clock.set_time(1_700_000_060)
    result.append(one("SELECT CURRENT_TIME"))
"""
EXPECTED = [
    ["2023-11-14 22:13:20", "2023-11-14", "22:13:20"],
    ["2023-11-14 22:13:20", "2023-11-14", "22:13:20", "2023-11-15 22:13:20"],
    ["1700000000", 2460263.4259, "20.250"],
    ["2023-11-14 22:13:20", "1970-01-01", "2000-01-01 00:00:00", None],
    ["2023-11-14 22:13:20", "2001-02-03"],
    ["22:14:20"],
]


def test_sqlite_obeys_through_its_own_library(tmp_path: Path) -> None:
    force = "from strop.probe import sqlite_clock"
    assert run_code(START + SQL.format(force=force), tmp_path) == EXPECTED


def test_sqlite_obeys_through_functions_where_the_library_is_out_of_reach(tmp_path: Path) -> None:
    start = START.replace(
        "clock.install",
        "from strop.probe import sqlite_clock\n    sqlite_clock._library = False\n    clock.install",
    )
    assert run_code(start + SQL.format(force=""), tmp_path) == EXPECTED


def test_functions_do_not_bind_as_attributes_of_a_class(tmp_path: Path) -> None:
    result = run_code(
        START
        + """
    class Formatter:
        converter, clock = time.localtime, time.time
    result = Formatter().converter(0)[0] in (1969, 1970), Formatter().clock()
    """,
        tmp_path,
    )
    assert result == [True, 1_700_000_000.25]


def test_between_requests_a_look_takes_a_microsecond_but_not_that_of_libraries(tmp_path: Path) -> None:
    result = run_code(
        START.replace("import clock", "import clock, places")
        + """
    clock.tick()
    first, second = datetime.datetime.now(), datetime.datetime.now()
    library = time.time() == time.time()
    places.set_root(".")
    open("mine.py", "w").write("import time\\nmoved = time.time() < time.time()\\n")
    import sys
    sys.path.insert(0, ".")
    import mine
    clock.set_time(1_700_000_001)
    result = (second - first).microseconds, library, mine.moved, datetime.datetime.now() == datetime.datetime.now()
    """,
        tmp_path,
    )
    assert result == [1, True, True, True]


def test_files_carry_the_time_of_the_world_that_wrote_them(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("old")
    os.utime(tmp_path / "old", (1, 1))
    result = run_code(
        """
    import os, pathlib, shutil, subprocess, time
    from strop.probe import clock
    clock.install(1_700_000_000)
    clock.set_time(1_700_000_005)
    open("new", "w").close()
    clock.set_time(1_700_000_009)
    pathlib.Path("later").write_text("x"); os.rename("later", "moved")
    shutil.copy2("moved", "copied")
    subprocess.run(["touch", "foreign"])
    with open("new") as stream:
        by_descriptor = os.fstat(stream.fileno()).st_mtime
    result = [os.stat("old").st_mtime, os.path.getmtime("new"), os.lstat("new").st_ctime_ns, by_descriptor,
        pathlib.Path("moved").stat().st_mtime, os.stat("copied").st_mtime, os.stat("foreign").st_mtime,
        os.stat("moved").st_size,
        os.stat("new").st_ino == next(each.inode() for each in os.scandir(".") if each.name == "new")]
    """,
        tmp_path,
    )
    at, later = 1_700_000_005, 1_700_000_009
    assert result == [1, at, at * 10**9, at, later, later, 1_700_000_000, 1, True]
