"""How is a target filled with rows? Through its own API, as one of its clients."""

import json
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Api:
    """The address under which the operations are, and who is asking."""

    root: str
    token: str = ""

    def login(self, path: str, form: Mapping[str, str]) -> "Api":
        """The same API for whom the form names (OAuth2 password flow)."""
        data = urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(f"{self.root}{path}", data=data, timeout=SECONDS) as answer:
            return Api(self.root, str(json.load(answer)["access_token"]))

    def send(self, method: str, path: str, body: Json) -> Json:
        """The parsed answer; raises urllib.error.HTTPError where the API refuses."""
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(
            f"{self.root}{path}", data=json.dumps(body).encode(), headers=headers, method=method
        )
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            parsed: Json = json.load(answer)
            return parsed

    def create(self, path: str, body: Json) -> dict[str, Json]:
        """The object that a POST made; raises TypeError where the answer is no object."""
        made = self.send("POST", path, body)
        if not isinstance(made, dict):
            raise TypeError(f"{path} answered no object: {made!r}")
        return made
