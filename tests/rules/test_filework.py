"""Which calls on files are over before anybody waits?"""

import pytest

from strop.project.function import Call, Function
from strop.rules.filework import is_short
from strop.span import Span


@pytest.mark.parametrize(
    ("name", "text", "short"),
    [
        ("open", 'open(path, "w")', True),
        ("open", 'open(bundle_path, "rb")', True),
        ("open", "open(log_file)", False),
        ("open", 'open(log_file, "a")', True),
        ("io.TextIOWrapper.write", "log_file.write(line)", True),
        ("open", 'open(key_path, "rb")', True),
        ("pathlib.Path.read_bytes", "path.read_bytes()", True),
        ("pathlib.Path.read_bytes", "(Path(__file__).parent / 'mark.png').read_bytes()", True),
        ("pathlib.Path.read_text", "prompt.read_text()", True),
        ("os.listdir", "os.listdir(folder)", True),
        ("os.walk", "os.walk(folder)", True),
        ("shutil.copytree", "shutil.copytree(folder, other)", False),
        ("zipfile.ZipFile.extractall", "archive.extractall(folder)", False),
        ("tempfile.SpooledTemporaryFile.read", "upload.file.read()", True),
        ("PIL.Image.open", "Image.open(path)", True),
        ("PIL.Image.Image.save", "image.save(path)", False),
    ],
)
def test_text_and_one_file_are_short(name: str, text: str, short: bool) -> None:
    assert is_short(Call(Span("main.py", 1), text, name)) is short


@pytest.mark.parametrize("name", ["shutil.copy", "pathlib.Path.read_bytes", "os.walk"])
def test_file_after_file_is_long(name: str) -> None:
    assert not is_short(Call(Span("main.py", 3), f"{name}(path)", name, loop=2))


def test_a_file_that_an_upload_is_copied_to_is_of_any_size() -> None:
    place = Span("main.py", 1)
    write = Call(place, 'open(path, "wb")', "open")
    awaited = Call(place, "upload.read()", "starlette.datastructures.UploadFile.read", awaited=True)
    read = Call(place, "shutil.copyfileobj(upload.file, file)", "shutil.copyfileobj")
    assert is_short(write, Function("main.py:save", place, True, (write, awaited)))
    assert not is_short(write, Function("main.py:save", place, True, (write, read)))
    assert is_short(write, Function("main.py:save", place, True, (write,)))
