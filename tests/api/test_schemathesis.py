"""Requests made from the OpenAPI document itself: no answer is a server error or differs from the document."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import checks

from app.main import create_app
from app.settings import Settings
from app.store.engine import create_engine_for, upgrade

STREAMS = {"/v1/matches/batch"}
CHECKS = [checks.not_a_server_error, checks.status_code_conformance, checks.content_type_conformance]


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    """An empty store: what is fuzzed is the edge, and no request takes long."""
    url = f"sqlite:///{tmp_path_factory.mktemp('fuzz') / 'empty.db'}"
    engine = create_engine_for(url)
    upgrade(engine)
    engine.dispose()
    return schemathesis.openapi.from_asgi("/openapi.json", create_app(Settings(database_url=url)))


def test_the_edge_keeps_to_its_document(schema):
    asked = []
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path in STREAMS:
            continue
        asked.append(operation.label)

        @given(case=operation.as_strategy())
        @settings(max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        def keeps(case):
            case.call_and_validate(checks=CHECKS)

        keeps()
    assert "POST /v1/matches" in asked
