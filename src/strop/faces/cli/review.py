"""`strop review`: what is wrong, read from the source alone."""

from __future__ import annotations

import json
from pathlib import Path

import click

from strop.faces.cli.options import about_output


@click.command("review")
@click.argument("folder", type=click.Path(path_type=Path), default=".")
@click.option("--static", is_flag=True, help="The source alone.")
@click.option("--all", "everything", is_flag=True, help="All code, not what was changed.")
@about_output("json")
def command(folder: Path, static: bool, everything: bool, form: str, quiet: bool) -> int:
    """Say what is wrong in the code, with the chain from the route to the cause. Nothing of it is run."""
    from strop.actions.review import ReviewRequest, review

    done = review(ReviewRequest(folder))
    rows = [
        {
            "code": f.code, "slug": f.slug, "domain": f.domain, "severity": f.severity,
            "confidence": f.confidence, "file": f.span.file, "line": f.span.line,
            "end_line": f.span.end_line or f.span.line, "symbol": f.span.symbol, "routes": f.routes,
            "message": f.message,
        }
        for f in done.findings
    ]  # fmt: skip
    click.echo(json.dumps({"findings": rows}, indent=1))
    return 1 if rows else 0
