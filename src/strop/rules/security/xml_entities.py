"""XML of the request is parsed with entities that open files.

**What.** An upload or a body is given to `lxml` with `resolve_entities=True`, to an `lxml` before 5.0 with its default, to `iterparse`
before 6.1, or to a parser of `xml.sax` with `feature_external_ges`.

**Why it costs.** `<!ENTITY e SYSTEM "file:///etc/passwd">` puts a file of the server into the parsed text: settings, keys,
`/proc/self/environ`. What the answer, or an error, says of the document gives it away.

**How it is found.** What requests carry is followed to the calls that parse; what their parser was told, and which version of lxml
the project has locked, decide. A default counts only where the version is known. `xml.etree`, `minidom`, `defusedxml` and
parsers of HTML open nothing.

**How to fix it.** `etree.XMLParser(resolve_entities=False)` (with `huge_tree` left off), a newer lxml, or `defusedxml`.

**When it is no problem.** Documents that the service made itself.

**Sources.** lxml, "FAQ: Is lxml vulnerable to XML bombs?": https://lxml.de/FAQ.html#is-lxml-vulnerable-to-xml-bombs ; lxml 5.0, LP#1742885:
https://lxml.de/changes-5.2.0.html ; https://docs.python.org/3/library/xml.html#xml-security
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.entities import OLD, OLDER
from strop.project.project import Project
from strop.project.taint import Tainted
from strop.rules.carried import carried
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.versions import before

RULE = Rule("SEC021", "xml-entities", "security", "error", "XML that opens files", static=True)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each call that parses."""

    def is_safe(one: Tainted) -> bool:
        """Whether the default of the locked version opens nothing, or the version is not known."""
        if one.name.endswith(OLD):
            return not before(project, "lxml", "5.0")
        return one.name.endswith(OLDER) and not before(project, "lxml", "6.1")

    yield from carried(
        RULE,
        project,
        "xml",
        message="{source} is parsed by {call} with entities that may name files",
        impact="a document reads any file that the service may read, and what is told of it gives the file away",
        solution="resolve_entities=False for the parser (or iterparse), a newer lxml, or defusedxml",
        confidence=0.9,
        unless=is_safe,
    )


_UPLOAD = """
from fastapi import UploadFile
from lxml import etree

"""

EXAMPLES = (
    Example(
        "entities are asked for",
        plain(
            _UPLOAD
            + """
@app.post("/invoices")
async def read_invoice(file: UploadFile):
    parser = etree.XMLParser(resolve_entities=True)
    root = etree.fromstring(await file.read(), parser)
    return {"number": root.findtext("number")}
"""
        ),
        bad=True,
    ),
    Example(
        "the default of an old lxml",
        plain(
            _UPLOAD
            + """
@app.post("/invoices")
def read_invoice(file: UploadFile):
    return {"number": etree.parse(file.file).findtext("number")}
"""
        )
        | {"requirements.txt": "fastapi==0.115.0\nlxml==4.9.3\n"},
        bad=True,
    ),
    Example(
        "a parser of xml.sax that was told to",
        plain("""
import xml.sax
from xml.sax.handler import ContentHandler, feature_external_ges

from fastapi import UploadFile


@app.post("/invoices")
def read_invoice(file: UploadFile):
    parser = xml.sax.make_parser()
    parser.setFeature(feature_external_ges, True)
    parser.setContentHandler(ContentHandler())
    parser.parse(file.file)
"""),
        bad=True,
    ),
    Example(
        "entities stay as they are",
        plain(
            _UPLOAD
            + """
@app.post("/invoices")
async def read_invoice(file: UploadFile):
    parser = etree.XMLParser(resolve_entities=False)
    root = etree.fromstring(await file.read(), parser)
    return {"number": root.findtext("number")}
"""
        ),
        mends="entities are asked for",
    ),
    Example(
        "a newer lxml's default, and the standard library",
        plain("""
from xml.etree import ElementTree

from fastapi import UploadFile
from lxml import etree, html


@app.post("/invoices")
def read_invoice(file: UploadFile, page: str):
    html.fromstring(page)
    ElementTree.fromstring(page)
    return {"number": etree.parse(file.file).findtext("number")}
""")
        | {"requirements.txt": "fastapi==0.115.0\nlxml==6.0.2\n"},
    ),
)
