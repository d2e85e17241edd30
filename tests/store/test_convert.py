import gzip
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest

from app.ingest.study import read_study
from app.samples import TRIALS
from app.store.convert import (
    content_bytes,
    document_bytes,
    summary_document,
    summary_from_bytes,
    trial_from_bytes,
    trial_from_json,
    trial_to_json,
)
from matching import AgeLimit, EligibilityFields, PartialDate, Provenance, Sponsor, Trial, TrialDate, TrialSummary
from tests.store.trials_made import registry_trial


def test_what_is_absent_is_left_out() -> None:
    assert trial_to_json(Trial(nct_id="NCT00000001")) == {"nct_id": "NCT00000001"}


def test_the_json_has_the_contract_s_names() -> None:
    trial = Trial(
        nct_id="NCT00000001",
        provenance=(Provenance("legacy_xml", fetched_at=datetime(2026, 11, 22, 9, tzinfo=UTC)),),
        start=TrialDate(PartialDate(2015, 8), "ACTUAL"),
        status_verified=PartialDate(2015),
        has_results=False,
        sponsor=Sponsor("A Hospital", "OTHER"),
        eligibility=EligibilityFields(minimum_age=AgeLimit(6, "mo")),
    )
    document = {
        "nct_id": "NCT00000001",
        "provenance": [{"source": "legacy_xml", "fetched_at": "2026-11-22T09:00:00Z"}],
        "status_verified": "2015",
        "start": {"on": "2015-08", "type": "ACTUAL"},
        "has_results": False,
        "sponsor": {"name": "A Hospital", "class": "OTHER"},
        "eligibility": {"minimum_age": {"value": 6, "unit": "mo"}},
    }
    assert trial_to_json(trial) == document
    assert trial_from_json(document) == trial


def test_a_key_it_does_not_know_is_refused() -> None:
    with pytest.raises(KeyError):
        trial_from_json({"nct_id": "NCT00000001", "nctId": "NCT00000001"})


def test_every_sample_comes_back_whole() -> None:
    with gzip.open(TRIALS[0]) as lines:
        trials = [read_study(orjson.loads(line)).trial for line in lines]
    assert len(trials) == 300
    for trial in trials:
        assert trial_from_bytes(document_bytes(trial_to_json(trial))) == trial


def test_content_forgets_the_fetch_but_not_the_source() -> None:
    trial = registry_trial()
    (first,) = trial.provenance
    content = content_bytes(trial_to_json(trial))
    again = replace(trial, provenance=(replace(first, record_version="2026-09-09", url="https://example.org"),))
    elsewhere = replace(trial, provenance=(replace(first, source="legacy_xml"),))
    assert content_bytes(trial_to_json(again)) == content
    assert content_bytes(trial_to_json(elsewhere)) != content


def test_the_summary_of_a_bare_trial_is_complete() -> None:
    document = trial_to_json(Trial(nct_id="NCT00000001", official_title="The official one"))
    assert summary_from_bytes(document_bytes(summary_document(document, ()))) == TrialSummary(
        nct_id="NCT00000001",
        brief_title="The official one",
        overall_status=None,
        phases=(),
        study_type=None,
        conditions=(),
        keywords=(),
        condition_ids=(),
        intervention_types=(),
        countries=(),
        last_update=None,
        eligibility=EligibilityFields(),
        sites=(),
    )
