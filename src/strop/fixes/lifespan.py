"""A client that is built once is closed once, when the application ends, instead of after each use."""

from __future__ import annotations

import libcst as cst

from strop.fixes.arguments import keyword
from strop.fixes.code import Code, called_name, dotted, own_nodes
from strop.fixes.draft import Draft
from strop.fixes.files import files, module_name
from strop.fixes.imports import spell
from strop.fixes.splice import Splice
from strop.fixes.unfit import Unfit
from strop.project.project import Project

# what can be kept open, and how it is closed
CLOSING = {
    "aiohttp.ClientSession": "await {}.close()",
    "httpx.AsyncClient": "await {}.aclose()",
    "httpx.Client": "{}.close()",
}
_TEXTS = (cst.SimpleString, cst.FormattedString)


def keep_open(code: Code, block: cst.With, call: str) -> tuple[Splice, ...]:
    """`with call() as name:` becomes `name = call()`, its body one level less deep."""
    item = block.items[0]
    name = dotted(item.asname.name) if item.asname is not None else ""
    first = block.body.body[0] if isinstance(block.body, cst.IndentedBlock) else None
    if len(block.items) != 1 or not name or first is None or code.line(block) != code.last_line(item):
        raise Unfit(f"{code.file}:{code.line(block)} closes it in a way that can't be undone here")
    texts = (node for kind in _TEXTS for node in code.nodes(kind, block))
    if any(code.line(text) != code.last_line(text) for text in texts):
        raise Unfit(f"{code.file}:{code.line(block)} holds a text of several lines, which can't be moved")
    indent = code.indent_at(code.start(block))
    depth = len(code.indent_at(code.start(first))) - len(indent)
    start, line = code.line_start(code.start(block)), code.line(block)
    head = Splice(start, code.line_end(start), f"{indent}{name} = {call}")
    return head, *(_dedent(code, each, depth) for each in range(line + 1, code.last_line(block) + 1))


def close_at_the_end(project: Project, draft: Draft, module: str, factory: str, built: str) -> None:
    """Close what `factory` of `module` keeps after the `yield` of the application's lifespan.

    The cache is emptied too: tests start and end an application more than once.
    """
    code, end = _end_of_life(project, draft)
    if module == module_name(code.file):
        name = factory
    else:
        spelling = spell(code, module, factory)
        draft.change(code, *spelling.splices)
        name = spelling.text
    indent, at = code.indent_at(code.start(end)), code.line_end(code.end(end))
    lines = (CLOSING[built].format(f"{name}()"), f"{name}.cache_clear()")
    draft.change(code, Splice(at, at, "".join(f"{code.newline}{indent}{line}" for line in lines)))


def _dedent(code: Code, line: int, depth: int) -> Splice:
    start = code.start_of(line)
    there = len(code.indent_at(start))
    return Splice(start, start + min(depth, there), "")


def _end_of_life(project: Project, draft: Draft) -> tuple[Code, cst.SimpleStatementLine]:
    """The statement that yields in the one lifespan function of the application."""
    found = []
    for file in files(project):
        if "lifespan" not in draft.text(file) or "FastAPI" not in draft.text(file) or "test" in file:
            continue
        code = draft.code(file)
        for call in code.nodes(cst.Call):
            given = keyword(call, "lifespan") if called_name(call) == "FastAPI" else None
            function = code.function(dotted(given.value)) if given is not None else None
            if function is not None:
                found.append((code, function))
    if len(found) != 1:
        raise Unfit("the application has no lifespan function beside it that could close it")
    code, function = found[0]
    decorators = {dotted(d.decorator).rpartition(".")[2] for d in function.decorators}
    yields = [node for node in own_nodes(function) if isinstance(node, cst.Yield)]
    statement = code.statement(yields[0]) if len(yields) == 1 else None
    if decorators != {"asynccontextmanager"} or statement not in function.body.body or statement is None:
        raise Unfit(f"{code.file}:{code.line(function)} does not yield once, in a line of its own")
    return code, statement
