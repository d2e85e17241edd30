"""Country names as callers write them -> the registry's names."""

from functools import cache

import pycountry

# The registry's own spellings where they differ from ISO's.
REGISTRY_NAMES = {
    "US": "United States",
    "GB": "United Kingdom",
    "KR": "South Korea",
    "KP": "North Korea",
    "RU": "Russia",
    "VN": "Vietnam",
    "IR": "Iran",
    "SY": "Syria",
    "LA": "Laos",
    "MD": "Moldova",
    "TZ": "Tanzania",
    "VE": "Venezuela",
    "BO": "Bolivia",
    "TW": "Taiwan",
    "CZ": "Czechia",
    "TR": "Turkey (Türkiye)",
    "CD": "Democratic Republic of the Congo",
    "CG": "Congo",
    "MK": "North Macedonia",
    "CI": "Côte d’Ivoire",
    "PS": "Palestinian Territories",
    "BN": "Brunei",
    "MO": "Macau",
}
# What people write that neither ISO nor the registry knows, and names the registry used before.
OTHER_NAMES = {
    "usa": "US",
    "u.s.": "US",
    "u.s.a.": "US",
    "uk": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "turkey": "TR",
    "türkiye": "TR",
    "turkey (türkiye)": "TR",
    "czech republic": "CZ",
    "the democratic republic of the congo": "CD",
    "macedonia, the former yugoslav republic of": "MK",
    "korea, republic of": "KR",
    "russian federation": "RU",
    "ivory coast": "CI",
    "iran, islamic republic of": "IR",
    "burma": "MM",
    "swaziland": "SZ",
    "holland": "NL",
}


@cache
def registry_name(text: str) -> str:
    """The registry's name of a country given by name or ISO code; an unknown name stays as it is."""
    wanted = text.strip()
    lower = wanted.lower()
    code = OTHER_NAMES.get(lower)
    if code is None:
        by_registry = {name.lower(): key for key, name in REGISTRY_NAMES.items()}
        code = by_registry.get(lower)
    if code is None:
        try:
            code = pycountry.countries.lookup(wanted).alpha_2
        except LookupError:
            return wanted
    found = pycountry.countries.get(alpha_2=code)
    return REGISTRY_NAMES.get(code) or (getattr(found, "common_name", None) or found.name if found else wanted)


def country_names(sent: list[str]) -> tuple[str, ...]:
    """The registry's names, in the order sent."""
    return tuple(registry_name(text) for text in sent)
