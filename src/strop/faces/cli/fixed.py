"""`strop review --fix`: what was changed, or would be, and what stays."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from strop.report.quantity import plural

if TYPE_CHECKING:
    from strop.actions.mend import Mended
    from strop.actions.review import ReviewRequest


def fix_and_show(request: ReviewRequest, form: str, exit_zero: bool, show: bool) -> int:
    """Apply the exact fixes, or show them; what was done goes to standard error, findings to standard output."""
    from strop.actions.mend import mend
    from strop.faces.cli.review import status, write

    mended = mend(request, write=not show)
    if show:
        sys.stdout.write(mended.diff)
    _tell(mended, show)
    if show:
        return 1 if mended.fixed and not exit_zero else 0
    write(mended.left, form)
    return status(mended.left, exit_zero)


def _tell(mended: Mended, show: bool) -> None:
    done = "would be applied" if show else "applied"
    click.echo(f"{plural(len(mended.fixed), 'fix', 'fixes')} {done}", err=True)
    for finding, reason in mended.refused:
        click.echo(f"  not fixed  {finding.code} {finding.span}: {reason}", err=True)
    for verb, codes in mended.elsewhere:
        click.echo(f"  {verb} proves fixes of {', '.join(codes)}", err=True)
