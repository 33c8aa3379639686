"""Whatever does not match comes back as it was, byte for byte."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import libcst as cst
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from strop.fixes.code import Code
from strop.fixes.registry import fixes, propose
from strop.fixes.splice import splice
from strop.patch import Patch
from strop.span import Span
from tests.fixes.check import Case

CODES = sorted({code for fix in fixes() for code in fix.ANSWERS})
# Lines that look like what the fixes change, and are not.
LINES = (
    "# select(Order)",
    "'''session.get(Order, 1)'''",
    "x = [1, 2,]  # len(rows)",
    "def get(a, b=(1),): return a",
    "class Order: items = relationships('x')",
    "async def f(): return await g()",
    "for x in y: z = x",
    "if x: pass",
    "é = 'ü' * 3",
    "",
    "import os, sys",
    "from a import (b, c)",
    "engine = make_engine('x')",
    "@decorated\ndef build(): return {}",
)
FACTS = {
    "relationship": "Order.items",
    "relationships": "Order.items,Order.tags",
    "parent_file": "a.py",
    "call": "g",
    "function": "a.py:f",
    "table": "orders",
    "columns": "id",
    "name": "dict",
    "thread_limit": "40",
}


@st.composite
def files(draw: st.DrawFn) -> str:
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    lines = draw(st.lists(st.sampled_from(LINES), max_size=12))
    text = newline.join(line.replace("\n", newline) for line in lines)
    return draw(st.sampled_from(["", "\ufeff"])) + text + draw(st.sampled_from(["", newline]))


@given(files())
def test_a_file_without_changes_is_the_same(text: str) -> None:
    code = Code("a.py", text)
    assert splice(code.data, ()).decode() == text
    starts = [code.start(node) for node in code.nodes(cst.Name)]
    assert starts == sorted(starts)


@settings(max_examples=60, deadline=None)
@given(files(), st.integers(1, 12), st.sampled_from(CODES))
def test_what_does_not_match_is_a_proposal(text: str, line: int, code: str) -> None:
    with TemporaryDirectory() as folder:
        case = Case(Path(folder), "load_relationship", {"b.py": ""})
        (Path(folder) / "a.py").write_bytes(text.encode())
        facts = tuple(sorted({**FACTS, "parent_line": str(line), "loop_line": str(line)}.items()))
        finding = replace(case.finding, code=code, span=Span("a.py", line), facts=facts)
        for answer in propose(case.project, finding, case.read):
            assert not isinstance(answer, Patch)
            assert "unexpected shape" not in answer.reason
        assert (Path(folder) / "a.py").read_bytes() == text.encode()
