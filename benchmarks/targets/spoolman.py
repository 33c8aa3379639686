"""Prepare Spoolman, whose spool list multiplies three joined collections, so that it can be run.

    git clone https://github.com/Donkie/Spoolman spoolman
    git -C spoolman checkout -B main e2a08c0c       # before; 505faf3b is the maintainers' fix
    python benchmarks/targets/spoolman.py spoolman [--python 3.12]

Makes `spoolman-venv` beside the clone with the packages of the commit's date, a stub of the built
front end, and a SQLite database in `spoolman/data`, seeded through the application's own API:
30 extra-field definitions, 10 vendors, 60 filaments and 600 spools that carry 9, 9 and 12 of them.
Two runs give the same rows: the only thing that the API decides itself, the time of registration,
is set afterwards. Running it again keeps what is there; remove `spoolman/data` to seed anew.
The last line printed starts the application.
"""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from api import Api, Json
from environment import announce, check_clean, free_port, from_arguments, hide, install, say, serve, stub

VENDORS, FILAMENTS, SPOOLS = 10, 60, 600
FIELDS = {"vendor": 9, "filament": 9, "spool": 12}
KINDS = ("text", "integer", "boolean", "float")
MATERIALS = (("PLA", 1.24), ("PETG", 1.27), ("ABS", 1.04), ("TPU", 1.21), ("PA12", 1.01))
FIRST_REGISTERED = datetime(2026, 1, 1, 8, 0, 0, tzinfo=UTC)


def main() -> None:
    """Do what the module's docstring says."""
    environment = from_arguments(__doc__)
    clone = environment.clone
    install(environment, "-r", "pyproject.toml", "--group", "dev")
    hide(clone, "/data/", "/client_v2/build/")
    for document in ("index.html", "200.html"):
        stub(clone, f"client_v2/build/{document}", "<!doctype html><title>Spoolman</title>\n")

    data = clone / "data"
    own = {
        "SPOOLMAN_DIR_DATA": str(data),
        "SPOOLMAN_DIR_BACKUPS": str(data / "backups"),
        "SPOOLMAN_DIR_LOGS": str(data / "logs"),
        "SPOOLMAN_AUTOMATIC_BACKUP": "FALSE",
        # Otherwise a catalogue of filaments is fetched from the internet at every start.
        "EXTERNAL_DB_URL": "",
    }
    command = ("-m", "uvicorn", "spoolman.main:app", "--host", "127.0.0.1", "--port")
    if (data / "seeded").exists():
        say(f"{data / 'spoolman.db'} is seeded already")
    else:
        port = str(free_port())
        root = f"http://127.0.0.1:{port}/api/v1"
        with serve(environment, (*command, port), own, ready=f"{root}/health") as seconds:
            say(f"first start with migrations: {seconds:.1f} s")
            seed(Api(root))
        settle(data / "spoolman.db")
        (data / "seeded").touch()
    check_clean(clone)
    announce(environment, (*command, "8000"), own)


def seed(api: Api) -> None:
    """Fill an empty database through the API."""
    for entity, count in FIELDS.items():
        for number in range(count):
            api.send(
                "POST",
                f"/field/{entity}/{entity}_{number:02}",
                {
                    "name": f"{entity.title()} field {number}",
                    "order": number,
                    "field_type": KINDS[number % len(KINDS)],
                },
            )
    vendors = [api.create("/vendor", vendor(number))["id"] for number in range(VENDORS)]
    filaments = [
        api.create("/filament", filament(number, vendors[number % VENDORS]))["id"]
        for number in range(FILAMENTS)
    ]
    for number in range(SPOOLS):
        api.create("/spool", spool(number, filaments[number % FILAMENTS]))
    say(f"seeded {sum(FIELDS.values())} fields, {VENDORS} vendors, {FILAMENTS} filaments, {SPOOLS} spools")


def vendor(number: int) -> Json:
    """A vendor as the API takes it."""
    return {
        "name": f"Vendor {number:02}",
        "empty_spool_weight": 180.0 + 7 * number,
        "comment": f"Deliveries in week {number + 1}",
        "extra": extra("vendor", number),
    }


def filament(number: int, vendor_id: Json) -> Json:
    """A filament as the API takes it."""
    material, density = MATERIALS[number % len(MATERIALS)]
    return {
        "name": f"{material} {number:03}",
        "vendor_id": vendor_id,
        "material": material,
        "price": 15.0 + number % 20,
        "density": density,
        "diameter": 1.75,
        "weight": 1000.0,
        "spool_weight": 200.0 + number % 40,
        "article_number": f"A-{number:05}",
        "settings_extruder_temp": 200 + number % 60,
        "settings_bed_temp": 50 + number % 50,
        "color_hex": f"{number * 275_041 % 0x1000000:06X}",
        "extra": extra("filament", number),
    }


def spool(number: int, filament_id: Json) -> Json:
    """A spool as the API takes it; every thirtieth is archived."""
    return {
        "filament_id": filament_id,
        "price": 12.5 + number % 25,
        "initial_weight": 1000.0,
        "used_weight": float(number * 37 % 900),
        "location": f"Shelf {number % 24:02}",
        "lot_nr": f"L{number * 7919 % 100_000:05}",
        "comment": f"Spool number {number}",
        "archived": number % 30 == 29,
        "extra": extra("spool", number),
    }


def extra(entity: str, number: int) -> dict[str, Json]:
    """Every extra field of the entity; their values are JSON inside JSON."""
    values: dict[str, Json] = {}
    for field in range(FIELDS[entity]):
        drawn = (number * 31 + field * 17) % 997
        value: Json = (f"{entity} {drawn}", drawn, drawn % 2 == 0, drawn / 4)[field % len(KINDS)]
        values[f"{entity}_{field:02}"] = json.dumps(value)
    return values


def settle(database: Path) -> None:
    """Replace the times that the API took from the clock: one minute apart, in order of id."""
    with closing(sqlite3.connect(database)) as connection, connection:
        for table in FIELDS:
            rows = connection.execute(f"SELECT id FROM {table} ORDER BY id").fetchall()
            connection.executemany(
                f"UPDATE {table} SET registered = ? WHERE id = ?",
                [(_stored(FIRST_REGISTERED + timedelta(minutes=id_)), id_) for (id_,) in rows],
            )
        connection.execute("UPDATE setting SET last_updated = ?", (_stored(FIRST_REGISTERED),))


def _stored(moment: datetime) -> str:
    """As SQLAlchemy writes a DATETIME into SQLite."""
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}"


if __name__ == "__main__":
    main()
