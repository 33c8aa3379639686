"""Prepare the official full-stack FastAPI template (PostgreSQL) so that it can be run.

    git clone https://github.com/fastapi/full-stack-fastapi-template fst
    git -C fst checkout -B main a7275354            # the last commit that Python 3.12 can read
    python benchmarks/targets/fst.py fst [--python 3.12]

Makes `fst-venv` beside the clone with the packages of the commit's date, and `fst-postgres` with a server
and two databases: `test`, migrated and else empty, for the template's own tests (they delete every row at
their end), and `app`, with 200 users and 10,000 items more. The rows of `app` are the same in two runs.
Everybody's password is that of the first superuser, `changethis`. Running it again keeps what is there;
remove `fst-postgres` to seed anew. The last two lines printed run its tests and start the application.
"""

import postgres
from environment import announce, check_clean, from_arguments, install, run, say

USERS, ITEMS = 200, 10_000
FIRST_CREATED = "2026-01-01 08:00:00+00"
# "changethis", hashed once: a salt of its own in each run would make each database another one.
HASHED_PASSWORD = (
    "$argon2id$v=19$m=65536,t=3,p=4$MDEyMzQ1Njc4OWFiY2RlZg$Ln4iYOOl1qweNNIQ+1vYXdpMYnotg4mxryAzf6jWBcQ"
)

SEED = f"""
BEGIN;
UPDATE "user" SET id = md5('user 0')::uuid, created_at = '{FIRST_CREATED}',
    hashed_password = '{HASHED_PASSWORD}';
INSERT INTO "user" (id, email, is_active, is_superuser, full_name, hashed_password, created_at)
SELECT md5('user ' || n)::uuid, 'user' || lpad(n::text, 4, '0') || '@example.com', n % 20 <> 0, false,
    CASE WHEN n % 7 <> 0 THEN 'User ' || n END, '{HASHED_PASSWORD}',
    timestamptz '{FIRST_CREATED}' + n * interval '1 hour'
FROM generate_series(1, {USERS}) AS n;
INSERT INTO item (id, title, description, owner_id, created_at)
SELECT md5('item ' || n)::uuid, 'Item ' || n,
    CASE WHEN n % 3 <> 0 THEN repeat('What item ' || n || ' is for. ', n % 8 + 1) END,
    md5('user ' || (n * 7919) % {USERS + 1})::uuid,
    timestamptz '{FIRST_CREATED}' + n * interval '1 minute'
FROM generate_series(1, {ITEMS}) AS n;
COMMIT;
VACUUM ANALYZE;
"""


def main() -> None:
    """Do what the module's docstring says."""
    environment = from_arguments(__doc__)
    clone = environment.clone
    backend = clone / "backend"
    install(environment, "-r", "backend/pyproject.toml", "--group", "backend/pyproject.toml:dev")
    folder = clone.with_name(f"{clone.name}-postgres")
    with postgres.running(folder) as server:
        for database in ("test", "app"):
            server.create(database)
            own = server.variables(database)
            run(environment, ("-m", "alembic", "upgrade", "head"), own, backend)
        run(environment, ("-m", "app.initial_data"), own, backend)
        if int(server.query("app", "SELECT count(*) FROM item")) < ITEMS:
            server.query("app", SEED)
            say(f"seeded {USERS} users, {ITEMS} items")
        else:
            say("the database app is seeded already")
    check_clean(clone)
    with_server = (postgres.__file__, str(folder), "--database")
    tests = ("python", "-m", "pytest", "-p", "no:cacheprovider", "tests")
    announce(environment, (*with_server, "test", "--", *tests), {}, backend)
    serving = ("python", "-m", "uvicorn", "app.main:app", "--host", "127.0.0.1", "--port", "8000")
    announce(environment, (*with_server, "app", "--", *serving), {}, backend)


if __name__ == "__main__":
    main()
