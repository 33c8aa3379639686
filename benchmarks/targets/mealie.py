"""Prepare mealie, whose recipe list joins three collections and a user, so that it can be run.

    git clone https://github.com/mealie-recipes/mealie mealie
    git -C mealie checkout -B main e971efd8090b     # ba363da2515c is the maintainers' change, which keeps the joins
    python benchmarks/targets/mealie.py mealie [--python 3.12]

Makes `mealie-venv` beside the clone with the packages of the commit's date and pytest, a package
`ldap` in it that refuses every login (the real one needs a compiler and OpenLDAP), and a SQLite
database in `mealie/dev/data`, seeded through the application's own API: 300 recipes with
ingredients, steps, tags, categories and tools. Names and contents are the same in two runs; ids
and times are the application's. Running it again keeps what is there; `git clean -dfx dev/data` in the
clone lets it seed anew. The last two lines printed run its tests and start the application.
"""

import uuid

from api import Api, Json
from environment import (
    Environment,
    announce,
    check_clean,
    free_port,
    from_arguments,
    hide,
    install,
    say,
    serve,
)

RECIPES, TAGS, CATEGORIES, TOOLS = 300, 24, 12, 12
ADMINISTRATOR = {"username": "changeme@example.com", "password": "MyPassword"}
TEST_PACKAGES = ("pytest>=8,<9", "pytest-asyncio>=0.24,<0.25", "rich>=13.5.2,<14")
# The stub below stands in for it; a marker that is never true removes it.
NO_LDAP = "python-ldap; python_version < '3'"

LDAP = '''\
"""A stand-in for python-ldap: the names that are used, and a server that is never there."""

from ldap.ldapobject import LDAPObject

OPT_PROTOCOL_VERSION, OPT_REFERRALS = 17, 8
OPT_X_TLS_CACERTFILE, OPT_X_TLS_REQUIRE_CERT, OPT_X_TLS_NEWCTX = 24578, 24582, 24591
OPT_X_TLS_NEVER = 0
SCOPE_BASE, SCOPE_SUBTREE = 0, 2


class LDAPError(Exception):
    pass


class INVALID_CREDENTIALS(LDAPError):
    pass


class NO_SUCH_OBJECT(LDAPError):
    pass


class FILTER_ERROR(LDAPError):
    pass


class SERVER_DOWN(LDAPError):
    pass


def initialize(url):
    return LDAPObject(url)


def set_option(option, value):
    pass
'''
LDAP_OBJECT = """\
class LDAPObject:
    def __init__(self, url):
        self.url = url

    def set_option(self, option, value):
        pass

    def __getattr__(self, name):
        import ldap

        raise ldap.SERVER_DOWN(self.url)
"""


def main() -> None:
    """Do what the module's docstring says."""
    environment = from_arguments(__doc__)
    clone = environment.clone
    install(environment, "-r", "pyproject.toml", *TEST_PACKAGES, overrides=[NO_LDAP])
    stand_in_for_ldap(environment)
    hide(clone, "/dev/data/")

    own = {"PRODUCTION": "false", "BASE_URL": "http://127.0.0.1:9000"}
    command = ("-m", "uvicorn", "mealie.app:app", "--host", "127.0.0.1", "--port")
    seeded = clone / "dev" / "data" / "seeded"
    if seeded.exists():
        say(f"{seeded.with_name('mealie.db')} is seeded already")
    else:
        port = str(free_port())
        root = f"http://127.0.0.1:{port}/api"
        with serve(environment, (*command, port), own, ready=f"{root}/app/about") as seconds:
            say(f"first start with migrations: {seconds:.1f} s")
            seed(Api(root).login("/auth/token", ADMINISTRATOR))
        seeded.touch()
    check_clean(clone)
    announce(environment, ("-m", "pytest", "-p", "no:cacheprovider"), {})
    announce(environment, (*command, "9000"), own)


def stand_in_for_ldap(environment: Environment) -> None:
    """Write the package `ldap` into the environment, where every working tree of the target finds it."""
    (packages,) = (environment.venv / "lib").glob("python3.*/site-packages")
    package = packages / "ldap"
    package.mkdir(exist_ok=True)
    (package / "__init__.py").write_text(LDAP, encoding="utf-8")
    (package / "ldapobject.py").write_text(LDAP_OBJECT, encoding="utf-8")
    say(f"stub {package}")


def seed(api: Api) -> None:
    """Fill the first group's household through the API."""
    tags = [api.create("/organizers/tags", {"name": f"Tag {n:02}"}) for n in range(TAGS)]
    categories = [
        api.create("/organizers/categories", {"name": f"Category {n:02}"}) for n in range(CATEGORIES)
    ]
    tools = [api.create("/organizers/tools", {"name": f"Tool {n:02}"}) for n in range(TOOLS)]
    for number in range(RECIPES):
        slug = api.send("POST", "/recipes", {"name": f"Recipe {number:03}"})
        api.send(
            "PATCH",
            f"/recipes/{slug}",
            recipe(number, _some(tags, number, 6), _some(categories, number, 4), _some(tools, number, 5)),
        )
    say(f"seeded {TAGS} tags, {CATEGORIES} categories, {TOOLS} tools, {RECIPES} recipes")


def recipe(number: int, tags: list[Json], categories: list[Json], tools: list[Json]) -> Json:
    """A recipe as the API takes it."""
    return {
        "description": f"Dish number {number} of a large kitchen",
        "recipeYield": f"{number % 8 + 1} servings",
        "totalTime": f"{number % 90 + 10} minutes",
        "rating": number % 5 + 1,
        "tags": tags,
        "recipeCategory": categories,
        "tools": tools,
        "recipeIngredient": [
            {
                "note": f"{(number + line) % 9 + 1} spoons of ingredient {line}",
                "quantity": line + 1,
                "referenceId": str(uuid.UUID(int=number * 100 + line, version=4)),
            }
            for line in range(8)
        ],
        "recipeInstructions": [
            {"title": "", "text": f"Step {line} of dish {number}", "ingredientReferences": []}
            for line in range(5)
        ],
    }


def _some(made: list[dict[str, Json]], number: int, count: int) -> list[Json]:
    return [made[(number + step * 5) % len(made)] for step in range(count)]


if __name__ == "__main__":
    main()
