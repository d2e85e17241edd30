"""Every error class of the edge has its status, and every title exists."""

from http import HTTPStatus

from app.api import errors


def _subclasses(base: type) -> set[type]:
    found = set()
    for sub in base.__subclasses__():
        found |= {sub} | _subclasses(sub)
    return found


def test_every_error_class_is_in_the_one_table():
    assert _subclasses(errors.ApiError) == set(errors.STATUS)


def test_every_status_has_a_title():
    assert {s for s in errors.STATUS.values() if s not in errors.TITLES} == set()


def test_statuses_are_of_clients_or_of_readiness():
    assert all(400 <= s < 500 or s == HTTPStatus.SERVICE_UNAVAILABLE for s in errors.STATUS.values())
