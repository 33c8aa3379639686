"""What does an editor ask? It opens and saves files, and gets findings of the whole project and what to do about them."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from pathlib import Path

from lsprotocol import types
from pygls import uris
from pygls.lsp.server import LanguageServer

from strop import __version__
from strop.actions.review import Reviewed, ReviewRequest, review
from strop.actions.scope import find_root
from strop.faces.lsp.act import actions_for
from strop.faces.lsp.diagnose import diagnose
from strop.problem import Problem
from strop.report.redaction import clean_text


class Server(LanguageServer):
    """Reviews the project of a file whenever it is opened or saved; one review at a time for a project."""

    def __init__(self) -> None:
        super().__init__("strop", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self.reviewed: dict[Path, Reviewed] = {}
        self._shown: dict[Path, set[str]] = defaultdict(set)  # files with diagnostics, by project
        self._busy: set[Path] = set()
        self._again: set[Path] = set()
        self._told: set[str] = set()

    async def look(self, uri: str) -> None:
        """Review the project around a file; what is asked for meanwhile is one more review, afterwards."""
        path = uris.to_fs_path(uri)
        if path is None or not Path(path).exists():
            return
        root = find_root(Path(path).parent)
        self._again.add(root)
        if root in self._busy:
            return
        self._busy.add(root)
        try:
            while root in self._again:
                self._again.discard(root)
                await self._review(root)
        finally:
            self._busy.discard(root)

    async def _review(self, root: Path) -> None:
        try:
            done = await asyncio.to_thread(review, ReviewRequest((root,), everything=True, notes=True))
        except Problem as problem:
            self._tell(problem)
            return
        self.reviewed[root] = done
        self._publish(root, diagnose(done, self.workspace.position_codec.client_num_units))

    def _publish(self, root: Path, found: dict[str, list[types.Diagnostic]]) -> None:
        """Send what each file has now; files that had something and have nothing more are emptied."""
        for file in sorted(self._shown[root] | set(found)):
            uri = uris.from_fs_path(str(root / file))
            if uri is not None:
                self.text_document_publish_diagnostics(
                    types.PublishDiagnosticsParams(uri, found.get(file, []))
                )
        self._shown[root] = set(found)

    def _tell(self, problem: Problem) -> None:
        """A problem is said once, not at every key stroke."""
        text = clean_text(f"strop: {problem.message}  [{problem.code}] {problem.do}")
        if text not in self._told:
            self._told.add(text)
            self.window_log_message(types.LogMessageParams(types.MessageType.Warning, text))


def make_server() -> Server:
    """The server with what it answers to."""
    server = Server()

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    async def opened(params: types.DidOpenTextDocumentParams) -> None:
        await server.look(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    async def saved(params: types.DidSaveTextDocumentParams) -> None:
        await server.look(params.text_document.uri)

    kinds = types.CodeActionOptions([types.CodeActionKind.QuickFix])

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, kinds)
    def code_action(params: types.CodeActionParams) -> list[types.CodeAction]:
        document = server.workspace.get_text_document(params.text_document.uri)
        root = find_root(Path(document.path).parent)
        done = server.reviewed.get(root)
        units = server.workspace.position_codec.client_num_units
        return (
            actions_for(done, document.uri, document.source, params.context.diagnostics, units)
            if done
            else []
        )

    return server


def serve() -> None:
    """Serve an editor on standard input and output until it says goodbye."""
    with (
        os.fdopen(os.dup(0), "rb") as wish,
        os.fdopen(os.dup(1), "wb") as answer,
    ):  # it closes what it is given
        make_server().start_io(wish, answer)
