"""Which calls on files are over before anybody waits?"""

import pytest

from strop.project.function import Call
from strop.rules.filework import is_short
from strop.span import Span


@pytest.mark.parametrize(
    ("name", "text", "short"),
    [
        ("open", 'open(path, "w")', True),
        ("open", 'open(bundle_path, "rb")', False),
        ("open", "open(log_file)", False),
        ("open", 'open(key_path, "rb")', True),
        ("pathlib.Path.read_bytes", "path.read_bytes()", False),
        ("pathlib.Path.read_bytes", "(Path(__file__).parent / 'mark.png').read_bytes()", True),
        ("pathlib.Path.read_text", "prompt.read_text()", True),
        ("os.listdir", "os.listdir(folder)", True),
        ("os.walk", "os.walk(folder)", False),
        ("shutil.rmtree", "shutil.rmtree(folder)", False),
        ("PIL.Image.open", "Image.open(path)", False),
    ],
)
def test_text_and_small_files_are_short(name: str, text: str, short: bool) -> None:
    assert is_short(Call(Span("main.py", 1), text, name)) is short
