"""`strop lsp`: the language server."""

from __future__ import annotations

import click

from strop.problem import EXIT_USAGE, Problem


@click.command("lsp")
@click.option("--stdio", is_flag=True, help="Standard input and output; the default, and the only way.")
def command(stdio: bool) -> int:
    """Serve an editor: findings of the whole project when a file is opened or saved, and quick fixes.

    The editor starts it and talks to it on standard input and output. It needs strop[lsp].
    """
    try:
        from strop.faces.lsp.server import serve
    except ModuleNotFoundError as error:
        if error.name not in ("pygls", "lsprotocol", "attrs", "cattrs"):
            raise
        do = "install it with the language server: pip install 'strop[lsp]'"
        raise Problem("T117", "pygls is not installed", do=do, status=EXIT_USAGE) from None
    serve()
    return 0
