"""What is kept of a trial between requests changes no answer, whoever asked before."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from matching.answering.answer_json import criterion_to_json
from matching.answering.explain import explain_trial
from matching.answering.sites import PlacedSites, choose_site, whereabouts
from matching.answering.wording import AUDIENCES, LANGUAGES, Wording
from matching.judging.eligibility import judge_trial
from matching.judging.facts import prepare
from matching.judging.untold import judge_kept
from matching.model.patient import Location, Patient
from tests.property.real_trials import PLACES, real_patients, real_trials

ON = date(2026, 11, 22)


def plain(trial, facts):
    return judge_trial(trial.summary.nct_id, trial.parsed.criteria, trial.summary.eligibility, facts)


def test_kept_trials_are_judged_told_and_written_as_if_nothing_were_kept():
    """Everybody asks the same kept trials, so that each finds what those before left."""
    trials = [replace(trial, kept={}) for trial in real_trials()[::5]]
    words = [Wording(language, audience) for language in LANGUAGES for audience in AUDIENCES]
    kept = told = 0
    for number, patient in enumerate([Patient(), *real_patients(5), Patient()]):
        facts, plain_facts = prepare(patient, ON), prepare(patient, ON)
        wording = words[number % len(words)]
        for trial in trials:
            judged, expected = judge_kept(trial, facts), plain(trial, plain_facts)
            assert judged == expected
            explained, expected = explain_trial(judged, wording), explain_trial(expected, wording)
            assert explained == expected
            assert list(map(criterion_to_json, explained.criteria)) == list(map(criterion_to_json, expected.criteria))
            kept += sum(each.kept is not None for each in explained.criteria)
            told += sum(bool(each.finding.evidence) for each in explained.criteria)
    assert kept > 500
    assert told > 500


def test_the_nearest_site_is_among_those_that_are_placed_exactly():
    def locate(location: Location) -> tuple[float, float] | None:
        return {"Boston, MA": (42.36, -71.06), "Paris": (48.85, 2.35)}.get(location.place or "")

    fewer = 0
    for trial in real_trials():
        sites, status = trial.summary.sites, trial.summary.overall_status
        placed = PlacedSites(sites, status)
        for place in PLACES:
            here = whereabouts(place, locate)
            assert choose_site(placed.shortlist(here), status, here) == choose_site(sites, status, here)
            fewer += len(placed.shortlist(here)) < len(sites)
    assert fewer > 100


def test_what_trials_share_is_judged_once_and_stands_under_each_of_their_ids():
    """The same criteria in another trial, with another text around them and under other numbers."""
    shared = 0
    for patient in real_patients(4):
        facts, plain_facts = prepare(patient, ON), prepare(patient, ON)
        for trial in real_trials()[::7]:
            summary = trial.summary
            other = replace(trial, summary=replace(summary, nct_id="NCT00000001"), kept={})
            longer = replace(summary.eligibility, text=f"{summary.eligibility.text}\n\nMore words.")
            other_text = replace(trial, summary=replace(summary, nct_id="NCT00000002", eligibility=longer), kept={})
            renumbered = [
                replace(each, id=f"x{each.id}", parent=each.parent and f"x{each.parent}")
                for each in trial.parsed.criteria
            ]
            numbers = replace(
                trial,
                summary=replace(summary, nct_id="NCT00000003"),
                parsed=replace(trial.parsed, criteria=tuple(renumbered)),
                kept={},
            )
            for one in (replace(trial, kept={}), other, other_text, numbers):
                judged, expected = explain_trial(judge_kept(one, facts), Wording()), plain(one, plain_facts)
                expected = explain_trial(expected, Wording())
                assert judged == expected
                assert list(map(criterion_to_json, judged.criteria)) == list(map(criterion_to_json, expected.criteria))
                shared += sum(each.kept is not None for each in judged.criteria)
    assert shared > 500
