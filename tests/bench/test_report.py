"""The report of `make bench`: percentiles, tables, plots; and a small run of it all."""

from pathlib import Path

import orjson
import pytest

from bench.__main__ import main
from bench.report import Report, Timing, timed_each
from bench.run import Run
from bench.search import ask


def test_percentiles_are_of_the_nearest_rank() -> None:
    hundred = Timing(tuple(map(float, range(1, 101))))
    assert (hundred.p50, hundred.p99, hundred.at(1.0), hundred.at(0.001)) == (50.0, 99.0, 100.0, 1.0)
    assert Timing((1.0, 2.0, 9.0)).p50 == 2.0
    assert Timing((1.0, 2.0, 9.0)).p99 == 9.0


def test_the_first_piece_of_work_runs_once_more_and_is_not_counted() -> None:
    ran: list[str] = []
    assert len(timed_each([lambda: ran.append("a"), lambda: ran.append("b")]).taken) == 2
    assert ran == ["a", "a", "b"]


def test_a_report_has_a_table_and_plots_for_each_subject(tmp_path: Path) -> None:
    report = Report(tmp_path)
    report.begin("search")
    report.add("stored", 1234.5, "records/s", "a|b")
    report.timing("asked", Timing((0.001, 0.002, 0.003)))
    report.plot("growth", "It grows", {"sqlite": [(1000, 2.0), (10, 1.0)]}, up="ms", asked=20)
    told = report.write().read_text()
    assert (
        "## search\n\n| what | figure | unit | note |\n|---|---|---|---|\n| stored | 1,234 | records/s | a/b |\n"
        in told
    )
    assert "| asked | 2 / 3 | ms, p50 / p99 | 3 runs |\n" in told
    assert "![It grows](growth.svg)" in told
    drawn = (tmp_path / "growth.svg").read_bytes()
    assert b"<svg" in drawn
    report.plot("growth", "It grows", {"sqlite": [(1000, 2.0), (10, 1.0)]}, up="ms", asked=20)
    assert (tmp_path / "growth.svg").read_bytes() == drawn


def test_a_subject_runs_on_a_made_registry(tmp_path: Path) -> None:
    asked = [
        "search",
        "--sizes",
        "20",
        "--databases",
        "sqlite",
        "--keep",
        str(tmp_path / "kept"),
        "--out",
        str(tmp_path),
    ]
    assert main(asked) == 0
    told = (tmp_path / "report.md").read_text()
    assert "| stored, 20 trials, sqlite |" in told
    assert "| arrays for search made, 20 trials, sqlite |" in told
    assert "| common condition, 20 trials, sqlite, arrays |" in told
    assert "| common condition, 20 trials, sqlite, sql |" in told
    # The second time the kept database is asked.
    assert main(asked) == 0
    assert "stored, 20 trials" not in (tmp_path / "report.md").read_text()


def test_a_registry_several_times_the_size_finds_each_trial_as_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.run.MULTIPLIED", 10)
    run = Run(sizes=(10, 30), folder=tmp_path)
    asked = [
        {"status": ["any"]},
        {"term": "cancer", "status": ["any"]},
        {"near": "40.7,-74.0", "radius": "20000km", "status": ["any"]},
    ]
    try:
        once, thrice = run.multiplied(10, "sqlite"), run.multiplied(30, "sqlite")
        totals = [[orjson.loads(ask(store, **one))["total"] for one in asked] for store in (once, thrice)]
    finally:
        run.close()
    assert totals[1] == [3 * total for total in totals[0]]
    assert totals[0][0] == 10
    assert all(totals[0])


def test_an_unknown_subject_is_refused() -> None:
    with pytest.raises(SystemExit):
        main(["searching"])
