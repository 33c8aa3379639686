"""Does a file lie beside the service: an example, a demonstration, a script, a test?"""

from __future__ import annotations

from strop.regex import regex

_ASIDE = regex(
    r"(^|/)([\w.-]+[-_])?(examples?|scripts?|tools|benchmarks?|demos?|tutorials?|docs|notebooks?|samples?|tests?|vignettes)/"
    r"|(^|/)(demo|example|benchmark)\w*\.py$"
)


def is_aside(file: str) -> bool:
    """Whether the folder or the name of a file says that nobody is served by it. What a route reaches is served all the same."""
    return bool(_ASIDE.search(file))
