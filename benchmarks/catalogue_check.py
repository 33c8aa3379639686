"""Does every name in the catalogue exist in its library?

Makes an environment, installs the libraries that the catalogue names from the package index (the newest versions; those that
pull gigabytes without what they need) and looks every name up: by import and attribute, and where a library makes its
classes lazily or can't be imported here, in its source. Prints what was not found, and the versions that were looked at.

    python benchmarks/catalogue_check.py FOLDER [--only TOP ...]

FOLDER keeps the environment. Exit status 1 when a name was not found.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
CATALOGUE = ROOT / "src/strop/project/catalogue.toml"
PROBE = Path(__file__).with_name("catalogue_probe.py")
# Distributions that are not called like the package that they install (with "-" for "_").
DISTRIBUTIONS = {
    "Crypto": "pycryptodome", "MySQLdb": "mysqlclient", "PIL": "pillow", "argon2": "argon2-cffi", "auth0": "auth0-python",
    "bs4": "beautifulsoup4", "cv2": "opencv-python-headless", "dns": "dnspython", "docx": "python-docx",
    "dotenv": "python-dotenv", "ffmpeg": "ffmpeg-python", "fpdf": "fpdf2", "git": "GitPython", "github": "PyGithub",
    "gitlab": "python-gitlab", "googleapiclient": "google-api-python-client", "gridfs": "pymongo", "grpc": "grpcio",
    "jwt": "PyJWT[crypto]", "kafka": "kafka-python", "keycloak": "python-keycloak", "ldap": "python-ldap",
    "magic": "python-magic", "mysql": "mysql-connector-python", "nacl": "pynacl", "opensearchpy": "opensearch-py",
    "paho": "paho-mqtt", "pptx": "python-pptx", "psycopg": "psycopg[binary]", "psycopg2": "psycopg2-binary",
    "psycopg_pool": "psycopg-pool", "pwdlib": "pwdlib[argon2,bcrypt]", "ruamel": "ruamel.yaml", "sklearn": "scikit-learn",
    "snowflake": "snowflake-connector-python", "sqlalchemy": "sqlalchemy[asyncio]", "yaml": "pyyaml", "yt_dlp": "yt-dlp",
    "redis": "redis", "fastapi_users": "fastapi-users", "stripe": "stripe",
}  # fmt: skip
FAMILIES = {
    "google": (
        "google-auth", "google-cloud-storage", "google-cloud-bigquery", "google-cloud-pubsub", "google-cloud-firestore",
        "google-cloud-secret-manager", "google-cloud-tasks", "google-cloud-speech", "google-cloud-vision",
        "google-cloud-translate", "google-cloud-texttospeech", "google-generativeai", "google-genai",
    ),
    "azure": (
        "azure-storage-blob", "azure-storage-queue", "azure-data-tables", "azure-identity", "azure-keyvault-secrets",
        "azure-servicebus", "azure-cosmos", "azure-search-documents", "azure-communication-email",
        "azure-ai-documentintelligence", "aiohttp",
    ),
}  # fmt: skip
ADDED = {"sqlalchemy.orm.Session.exec", "sqlalchemy.ext.asyncio.AsyncSession.exec"}  # by SQLModel
ALONE = {"sentence_transformers", "faster_whisper", "transformers", "ldap"}  # without what they need


def tops() -> dict[str, list[str]]:
    """The names of the catalogue by the package that they lie in; the standard library's are the test suite's matter."""
    data = tomllib.loads(CATALOGUE.read_text("utf-8"))
    names = {n for effect in data["effects"] for n in effect["names"]}
    names |= {*data["harmless"]["names"], *data["memoised"]["names"], *data["anonymous"]["names"]}
    names |= set(data["mappings"]["names"])
    for section in (
        "builders",
        "off_loop",
        "background",
        "inline",
        "only_with",
        "not_without",
        "not_at_zero",
    ):
        names |= set(data[section])
    names |= set(data["aliases"].values())
    found = defaultdict(list)
    for name in sorted(names - ADDED):
        top = name.partition(".")[0]
        if "." in name and top not in sys.stdlib_module_names:
            found[top].append(name)
    return dict(sorted(found.items()))


def install(folder: Path, packages: list[str]) -> None:
    """Everything in one environment; a distribution that can't be installed here is said and left out."""
    python = str(folder / "bin/python")
    if not (folder / "bin/python").exists():
        subprocess.run(["uv", "venv", "-q", str(folder)], check=True)
    for top in packages:
        wanted = FAMILIES.get(top, (DISTRIBUTIONS.get(top, top.replace("_", "-")),))
        command = [
            "uv",
            "pip",
            "install",
            "-q",
            "-p",
            python,
            *(["--no-deps"] if top in ALONE else []),
            *wanted,
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            print(f"{top}: not installed: {done.stderr.strip().splitlines()[-1][:150]}")


def main() -> int:
    """Install, look up, say what is missing."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("folder", type=Path)
    ask.add_argument("--only", nargs="*", default=[])
    ask.add_argument("--installed", action="store_true", help="look up only, install nothing")
    given = ask.parse_args()
    names = {top: found for top, found in tops().items() if not given.only or top in given.only}
    if not given.installed:
        install(given.folder, list(names))
    python = str(given.folder / "bin/python")
    done = subprocess.run(
        [python, str(PROBE)], input=json.dumps(names), capture_output=True, text=True, check=True
    )
    answer = json.loads(done.stdout.splitlines()[-1])
    print("\n".join(answer["versions"]))
    print(
        f"{answer['found']} names found, {len(answer['missing'])} not, {len(answer['absent'])} in libraries not here"
    )
    print("\n".join(f"missing  {name}" for name in answer["missing"]))
    print("\n".join(f"absent   {name}" for name in answer["absent"]))
    return 1 if answer["missing"] else 0


if __name__ == "__main__":
    sys.exit(main())
