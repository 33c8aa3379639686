<<<<<<< HEAD
"""Does a file stand beside the service: an example, a tool, a script? What is wrong there harms nobody who uses it."""
=======
"""Does a file lie beside the service: an example, a demonstration, a script, a test?"""
>>>>>>> e593826ab4689f2cd426098b26b696040b94ae21

from __future__ import annotations

import re

_ASIDE = re.compile(
<<<<<<< HEAD
    r"(^|/)(scripts?|tools?|dev|demos?|examples?|samples?|tutorials?|bench\w*|load\w*|smoke\w*|cli|docs?|playground|sandbox)[/._]"
    r"|(^|/)(demo|smoke|example)\w*\.py$"
=======
    r"(^|/)([\w.-]+[-_])?(examples?|scripts?|tools|benchmarks?|demos?|tutorials?|docs|notebooks?|samples?|tests?|vignettes)/"
    r"|(^|/)(demo|example|benchmark)\w*\.py$"
>>>>>>> e593826ab4689f2cd426098b26b696040b94ae21
)


def is_aside(file: str) -> bool:
<<<<<<< HEAD
    """Whether the path of a file says that it is no part of what is deployed."""
=======
    """Whether the folder or the name of a file says that nobody is served by it. What a route reaches is served all the same."""
>>>>>>> e593826ab4689f2cd426098b26b696040b94ae21
    return bool(_ASIDE.search(file))
