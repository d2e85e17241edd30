"""Input that is packed with gzip is read like the plain one, from a file and from standard input."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from app.samples import FHIR, PATIENTS, TRIALS

PATIENT = PATIENTS / "type_1_diabetes.json"
BUNDLE = FHIR / "mcode_request.json"


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packed")
    settings = {
        **os.environ,
        "TRIALMATCH_DATABASE_URL": f"sqlite:///{folder / 'trials.db'}",
        "TRIALMATCH_SNAPSHOT_DIR": str(folder / "arrays"),
    }
    done = run(settings, "load", *map(str, TRIALS[1:]))
    assert done.returncode == 0, done.stderr
    return settings


def run(environment, *arguments, given=b""):
    program = [sys.executable, "-c", "from app.cli import main; main()", *arguments]
    return subprocess.run(program, input=given, capture_output=True, env=environment, check=False)


@pytest.mark.parametrize("plain", [PATIENT, BUNDLE], ids=["a patient", "a FHIR bundle"])
def test_match_reads_a_packed_file_and_packed_standard_input(environment, tmp_path: Path, plain: Path):
    packed = tmp_path / f"{plain.name}.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    wanted = run(environment, "match", str(plain), "--json")
    assert wanted.returncode == 0, wanted.stderr
    assert "totals" in orjson.loads(wanted.stdout)
    assert run(environment, "match", str(packed), "--json").stdout == wanted.stdout
    assert run(environment, "match", "-", "--json", given=packed.read_bytes()).stdout == wanted.stdout


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_lines_of_patients_may_come_packed(environment, jobs: str):
    patient = orjson.loads(PATIENT.read_bytes())
    lines = b"".join(orjson.dumps({"id": n, **patient}) + b"\n" for n in range(3))
    plain = run(environment, "match", "--ndjson", "--jobs", jobs, given=lines)
    packed = run(environment, "match", "--ndjson", "--jobs", jobs, given=gzip.compress(lines))
    assert plain.stdout.count(b"\n") == 3
    assert packed.stdout == plain.stdout


def test_texts_may_come_packed(environment):
    text = b"Inclusion Criteria:\n* HbA1c <= 9 %\n"
    assert run(environment, "parse", given=gzip.compress(text)).stdout == run(environment, "parse", given=text).stdout


def test_a_broken_packing_is_told_without_its_content(environment, tmp_path: Path):
    packed = tmp_path / "cut_off.json.gz"
    packed.write_bytes(gzip.compress(PATIENT.read_bytes())[:200])
    for done in (
        run(environment, "match", str(packed)),
        run(environment, "match", "--ndjson", "--jobs", "1", given=packed.read_bytes()),
    ):
        assert done.returncode == 2
        assert done.stderr.strip() == b"The input is packed (gzip) and broken."
