"""`make bench`, `python -m bench [SUBJECT ...]`: measurements side by side in one run, and their report.

Each subject is a module here with `measure(report, run)`. The report goes to bench/out/report.md, its plots beside it,
and its figures to standard output as they come.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from bench.report import Report
from bench.run import DATABASES, Run

SUBJECTS = (
    "reading",
    "loading",
    "ingest",
    "serving",
    "answers",
    "matching",
    "search",
    "screening",
    "population",
)
"""In the order of the report."""

SIZES = (1_000, 10_000)
"""Trials, for a run of a few minutes; growth to a whole registry shows with --sizes 10000,65000,600000."""

OUT = Path(__file__).parent / "out"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the subjects and writes the report after each, so that a run that is cut off has told what it knew."""
    parser = argparse.ArgumentParser("python -m bench", description=__doc__.partition("\n")[0])
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=f"of {', '.join(SUBJECTS)}; none: all")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="trials, such as 10000,65000,600000")
    parser.add_argument("--records", type=Path, nargs="*", default=[], help="files of more API v2 studies, one a line")
    parser.add_argument("--databases", default=",".join(DATABASES), help="sqlite, postgres or both")
    parser.add_argument("--patients", type=int, default=200, help="of the population; a large run has 10000")
    parser.add_argument("--keep", type=Path, help="a folder that keeps the filled databases for the next run")
    parser.add_argument("--out", type=Path, default=OUT)
    sent = parser.parse_args(arguments)
    if unknown := set(sent.subjects) - set(SUBJECTS):
        parser.error(f"no such subject: {', '.join(sorted(unknown))}")
    report = Report(sent.out)
    with tempfile.TemporaryDirectory(prefix="trialmatch-bench-") as passing:
        folder = sent.keep or Path(passing)
        folder.mkdir(parents=True, exist_ok=True)
        run = Run(
            sizes=tuple(sorted(map(int, sent.sizes.split(",")))),
            folder=folder,
            more_records=tuple(sent.records),
            databases=tuple(sent.databases.split(",")),
            patients=sent.patients,
        )
        try:
            for subject in sent.subjects or SUBJECTS:
                report.begin(subject)
                import_module(f"bench.{subject}").measure(report, run)
                report.write()
        finally:
            run.close()
    print(f"\n{report.write()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
