from __future__ import annotations

from strop.fixes.wording import WIDTH, names, subject

PARTS = ["Filament.extra", "Filament.spools", "Spool.extra", "Vendor.extra"]


def test_names_are_counted_beyond_the_first() -> None:
    assert names(PARTS[:1]) == "Filament.extra"
    assert names(PARTS[:3]) == "Filament.extra, Filament.spools and Spool.extra"
    assert names(PARTS, 1) == "Filament.extra and 3 more"
    assert names(PARTS, 2) == "Filament.extra, Filament.spools and 2 more"


def test_a_subject_is_short_by_its_wording() -> None:
    wordings = [f"Load {names(PARTS, most)} by selectin in the model" for most in (None, 2, 1)]
    assert subject(*wordings) == f"Load {names(PARTS, 2)} by selectin in the model"
    assert subject("Index orders by id") == "Index orders by id"


def test_a_subject_that_is_too_long_in_every_wording_ends_after_a_word() -> None:
    long = subject(f"Run {'a_long_name ' * 9}in the thread pool")
    assert len(long) <= WIDTH
    assert long.endswith("a_long_name")
