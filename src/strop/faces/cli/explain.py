"""`strop explain`."""

from __future__ import annotations

import click

from strop.faces.cli.options import about_format, complete_page


@click.command("explain")
@click.argument("code", default="", shell_complete=complete_page)
@about_format("json")
def command(code: str, form: str) -> int:
    """Explain CODE: a rule (DB001 or lazy-load) or a problem (T103). Without it: list them all."""
    from strop.actions.explain import ExplainRequest, explain
    from strop.faces.cli.output import show, show_json
    from strop.faces.cli.shown import page

    pages = explain(ExplainRequest(code))
    if form == "json":
        show_json({"pages": [page.document(one) for one in pages]})
    elif code:
        show(*page.parts(pages[0]))
    else:
        show(*page.index(pages))
    return 0
