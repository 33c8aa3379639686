"""A result as files in the run's folder, and as what is printed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from strop.evidence import Evidence
from strop.finding import Finding
from strop.problem import EXIT_USAGE, Problem
from strop.report import document, html, markdown, run, text
from strop.report.prove import document as prove_document
from strop.report.prove import markdown as prove_markdown
from strop.report.prove import text as prove_text
from strop.report.prove.proved import Proved
from strop.report.result import Result


def write_reports(result: Result, folder: Path) -> Path:
    """Write every format into the run's folder; returns the HTML file's path.

    Raises Problem R501 when the disk refuses.
    """
    page = folder / "report.html"
    try:
        page.write_text(html.render(result), encoding="utf-8")
        (folder / "report.md").write_text(markdown.render(result), encoding="utf-8")
        (folder / "report.json").write_text(document.render(result), encoding="utf-8")
    except OSError as error:
        message = f"the report can't be written in {folder}: {error.strerror}"
        raise Problem("R501", message, do="free some space", retry="same", status=EXIT_USAGE) from error
    return page


def print_result(result: Result, form: str, report: Path) -> None:
    """Print the result in one format."""
    if form == "json":
        sys.stdout.write(document.render(result))
    elif form == "markdown":
        sys.stdout.write(markdown.render(result))
    else:
        text.write(result, Console(), shown_path(report), shown_root(report.parents[3]))


def print_proof(proved: Proved, form: str) -> None:
    """Print the proof of a change in one format."""
    if form == "json":
        sys.stdout.write(prove_document.render(proved))
    elif form == "markdown":
        sys.stdout.write(prove_markdown.render(proved))
    else:
        prove_text.write(proved, Console())


def print_run(evidence: Evidence, findings: Sequence[Finding], form: str) -> None:
    """Print what a run saw."""
    if form == "json":
        sys.stdout.write(run.render_json(evidence, findings))
    else:
        run.write(evidence, findings, Console())


def shown_root(root: Path) -> str:
    """The project's folder as the user would write it here; "" where commands find it from here."""
    return "" if Path.cwd().is_relative_to(root) else shown_path(root)


def shown_path(path: Path) -> str:
    """The path as the user would write it here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
