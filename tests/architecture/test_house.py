"""Rules of the house that no linter knows."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted(p for room in ("app", "matching") for p in (ROOT / room).rglob("*.py"))


def test_there_are_sources_to_look_at():
    assert len(SOURCES) > 30


def test_no_registry_number_stands_in_code():
    """A special case for one trial would be a registry number in a comparison or a table; docs and examples may name one."""
    found = []
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docs = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef))
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in docs
                and re.search(r"NCT\d{8}", node.value)
                and "samples" not in path.parts
            ):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert [f for f in found if not f.startswith("app/api/schemas/trials.py")] == []


def test_sql_stands_only_in_the_store():
    found = []
    for path in SOURCES:
        if "store" in path.parts:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            names = (
                [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            found += [f"{path.relative_to(ROOT)}:{n}" for n in names if n.startswith(("sqlmodel", "sqlalchemy"))]
    # An operator is told of a database that cannot be read: the exception's class is named at the edge.
    assert [f for f in found if not f.endswith("sqlalchemy.exc")] == []


def test_the_engine_reads_no_clock_and_no_environment():
    found = []
    for path in SOURCES:
        if "matching" not in path.relative_to(ROOT).parts[0]:
            continue
        text = path.read_text(encoding="utf-8")
        for bad in ("date.today(", "datetime.now(", "time.time(", "os.environ", "random.random("):
            if bad in text:
                found.append(f"{path.relative_to(ROOT)}: {bad}")
    assert found == []


def test_no_committed_file_names_a_registry_host():
    lock_files = {"uv.lock", "pylock.toml", "poetry.lock", "package-lock.json"}
    names = {p.name for p in ROOT.iterdir()}
    assert names & lock_files == set()
    for name in ("requirements.txt", "requirements-dev.txt"):
        assert "://" not in (ROOT / name).read_text(encoding="utf-8")
