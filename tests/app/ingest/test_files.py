import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from app.ingest import study_files
from app.ingest.files import read_path, read_paths
from app.ingest.source import Record, RecordError


def study(number: int, title: str = "A title") -> dict[str, object]:
    return {"protocolSection": {"identificationModule": {"nctId": f"NCT{number:08d}", "briefTitle": title}}}


def lines(*numbers: int) -> bytes:
    return b"".join(json.dumps(study(number)).encode() + b"\n" for number in numbers)


def read(path: Path) -> list[str]:
    """The ids, and the faults as they are told."""
    return [item.trial.nct_id if isinstance(item, Record) else str(item) for item in read_paths([path])]


ONE_TWO = ["NCT00000001", "NCT00000002"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("lines.ndjson", lines(1, 2)),
        ("no_last_newline.jsonl", lines(1, 2).rstrip(b"\n")),
        ("blank_lines.jsonl", b"\n\n" + lines(1) + b"\n  \n" + lines(2)),
        ("windows.jsonl", lines(1, 2).replace(b"\n", b"\r\n")),
        ("mark.jsonl", b"\xef\xbb\xbf" + lines(1, 2)),
        ("list.json", json.dumps([study(1), study(2)]).encode()),
        ("indented.json", json.dumps([study(1), study(2)], indent=2).encode()),
        ("page.json", json.dumps({"studies": [study(1), study(2)], "nextPageToken": "x"}).encode()),
        (
            "page_first.json",
            json.dumps({"totalCount": 2, "nextPageToken": "x", "studies": [study(1), study(2)]}).encode(),
        ),
        ("page_line.json", json.dumps({"studies": [study(1), study(2)]}).encode() + b"\n"),
        ("page_indented.json", json.dumps({"studies": [study(1), study(2)]}, indent=1).encode()),
        ("lines.jsonl.gz", gzip.compress(lines(1, 2))),
        ("no_name_of_gzip", gzip.compress(lines(1, 2))),
        ("members.gz", gzip.compress(lines(1)) + gzip.compress(lines(2))),
    ],
)
def test_every_wrapping_of_api_studies(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert read(path) == ONE_TWO


def test_one_object_alone(tmp_path: Path) -> None:
    for name, indent in (("flat.json", None), ("deep.json", 2)):
        (tmp_path / name).write_text(json.dumps(study(1), indent=indent))
        assert read(tmp_path / name) == ["NCT00000001"]


def test_a_zip_and_a_tar_of_many_files(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "studies.zip", "w") as archive:
        archive.writestr("NCT00000001.json", json.dumps(study(1)))
        archive.writestr("more/NCT00000002.json", json.dumps(study(2)))
    with tarfile.open(tmp_path / "studies.tar.gz", "w:gz") as archive:
        for number in (1, 2):
            content = json.dumps(study(number)).encode()
            entry = tarfile.TarInfo(f"{number}.json")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    assert read(tmp_path / "studies.zip") == ONE_TWO
    assert read(tmp_path / "studies.tar.gz") == ONE_TWO


def test_a_folder_is_read_by_name_and_deep(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x.json").write_text(json.dumps(study(2)))
    (tmp_path / "a.json").write_text(json.dumps(study(1)))
    assert read(tmp_path) == ONE_TWO


def test_a_bad_line_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mixed.ndjson"
    path.write_bytes(lines(1) + b'{"protocolSection": \n' + b"[]\n" + b'{"a": 1}\n\xff\xfe\n' + lines(2))
    assert read(path) == [
        "NCT00000001",
        "mixed.ndjson:2: the line is not JSON",
        "mixed.ndjson:3: a study is a JSON object",
        "mixed.ndjson:4: no protocolSection.identificationModule.nctId",
        "mixed.ndjson:5: the line is not JSON",
        "NCT00000002",
    ]


def test_a_list_that_breaks_off_gives_what_came_before(tmp_path: Path) -> None:
    path = tmp_path / "cut.json"
    path.write_text(json.dumps([study(1), study(2), study(3)])[:-30])
    assert read(path) == [*ONE_TWO, "cut.json: study 3 is not JSON; the rest of the file is left"]


def test_something_else_in_a_list(tmp_path: Path) -> None:
    path = tmp_path / "odd.json"
    path.write_text(json.dumps([study(1), 7, study(2)]))
    assert read(path) == ["NCT00000001", "odd.json: not a study where one is expected; the rest of the file is left"]


def test_a_study_longer_than_a_chunk_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_files, "CHUNK", 64)
    path = tmp_path / "long.json"
    path.write_text(json.dumps([study(1, "é" * 5000), study(2, "x" * 70)], indent=1, ensure_ascii=False))
    records = list(read_path(path))
    assert [item.trial.brief_title for item in records if isinstance(item, Record)] == ["é" * 5000, "x" * 70]


def test_nesting_without_end_is_a_fault_not_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    path.write_text("[" + '{"a":' * 100_000 + "1" + "}" * 100_000 + "]")
    (fault,) = read(path)
    assert fault.startswith("deep.json: study 1 is ")


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("empty.json", b"", "empty.json: the file is empty"),
        ("words.txt", b"Some words", "words.txt: no known form of trial records"),
        ("broken.gz", gzip.compress(lines(1))[:-9], "broken.gz: the file cannot be read: EOFError"),
        ("not.gz", b"\x1f\x8bnot gzip after all", "not.gz: the file cannot be read: BadGzipFile"),
        ("not.tar.gz", b"not a tar", "not.tar.gz: the file cannot be read: ReadError"),
    ],
)
def test_a_file_in_no_known_form_is_told(tmp_path: Path, name: str, content: bytes, fault: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert read(path)[-1] == fault


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    (fault,) = read_paths([tmp_path / "nowhere.json"])
    assert isinstance(fault, RecordError)
    assert str(fault) == "nowhere.json: the file cannot be read: FileNotFoundError"
