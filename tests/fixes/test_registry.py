from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from strop.fixes.registry import fixes, name_of, propose
from strop.patch import Patch, Proposal
from tests.fixes.check import Case


def test_every_fix_has_a_page_and_its_name() -> None:
    assert [name_of(f) for f in fixes()] == sorted(name_of(f) for f in fixes())
    for fix in fixes():
        assert len(fix.__doc__ or "") > 200
        assert getattr(fix, "NAME", "") == name_of(fix)
        assert fix.ANSWERS


def test_a_code_without_a_fix_is_a_proposal_with_a_reason(tmp_path: Path) -> None:
    case = Case(tmp_path, "load_relationship", {"a.py": "x = 1\n"}, code="DB007")
    (answer,) = propose(case.project, case.finding, case.read)
    assert isinstance(answer, Proposal)
    assert "DB007" in answer.reason


def test_no_finding_and_no_file_makes_a_fix_raise(tmp_path: Path) -> None:
    case = Case(tmp_path, "load_relationship", {"a.py": "x = (\n"})
    spans = [replace(case.finding.span, file="missing.py"), replace(case.finding.span, line=10**6)]
    for code in sorted({code for fix in fixes() for code in fix.ANSWERS}):
        for span in (case.finding.span, *spans):
            answers = propose(case.project, replace(case.finding, code=code, span=span), case.read)
            assert answers
            for answer in answers:
                assert not isinstance(answer, Patch)
                assert "unexpected shape" not in answer.reason
