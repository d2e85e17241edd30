"""What a check of shapes found, as faults in our own words: pydantic's sentences may quote the input."""

import re
from collections.abc import Mapping, Sequence

from app.api.faults import Fault

PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,40}\Z")


def pointer(location: Sequence[int | str]) -> str:
    """A JSON pointer. A name that is not a plain word may be a patient's own, and ends the pointer unrepeated."""
    parts = []
    for part in location:
        text = str(part)
        if not isinstance(part, int) and not PLAIN_NAME.match(text):
            break
        parts.append(text)
    return "".join(f"/{p}" for p in parts)


# pydantic's own sentences may quote the input: each kind gets a sentence of ours, the rest its safe part.
SENTENCES = {
    "missing": "this field is required",
    "extra_forbidden": "there is no such field",
    "json_invalid": "the body is not valid JSON",
    "string_type": "a text is expected",
    "bool_type": "true or false is expected",
    "float_type": "a number is expected",
    "int_type": "a whole number is expected",
    "int_parsing": "a whole number is expected",
    "float_parsing": "a number is expected",
    "finite_number": "a finite number is expected",
    "list_type": "a list is expected",
    "dict_type": "an object is expected",
    "model_type": "an object is expected",
    "model_attributes_type": "an object is expected",
    "too_long": "the list is too long",
    "string_too_long": "the text is too long",
    "string_too_short": "the text is too short",
    "string_pattern_mismatch": "not of the form that is expected",
}
BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
NOT_JSON = Fault("", SENTENCES["json_invalid"])


def summary(found: Sequence[Fault], where: str = "body") -> str:
    """The one sentence above a list of faults."""
    return f"{len(found)} fault{'s' * (len(found) != 1)} in the {where}; nothing was done"


def sentence(error: Mapping[str, object]) -> str:
    """What is wrong, without the value that was sent."""
    kind = str(error.get("type"))
    context = error.get("ctx")
    limits = context if isinstance(context, Mapping) else {}
    if kind in SENTENCES:
        limit = limits.get("max_length")
        return SENTENCES[kind] + (f" (at most {limit})" if limit is not None else "")
    if kind == "value_error" and isinstance(limits.get("error"), ValueError):
        return str(limits["error"])  # our own validators' words, which hold no value
    if kind in ("literal_error", "enum") and "expected" in limits:
        return f"one of {limits['expected']} is expected"
    bounds = [
        f"{words} {limits[name]:g}" for name, words in BOUNDS.items() if isinstance(limits.get(name), int | float)
    ]
    return f"{' and '.join(bounds)} is expected" if bounds else f"not valid ({kind.replace('_', ' ')})"


def faults_of(errors: Sequence[Mapping[str, object]], skip: int = 0) -> list[Fault]:
    """Pydantic's errors as faults; `skip` leading parts of each location are left out (such as `body`)."""
    found = []
    for error in errors:
        raw = error.get("loc")
        location = list(raw)[skip:] if isinstance(raw, (tuple, list)) else []
        if error.get("type") == "json_invalid":
            location = []
        found.append(Fault(pointer(location), sentence(error)))
    return list(dict.fromkeys(found))
