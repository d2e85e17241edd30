"""Country names as people and registries write them <-> ISO 3166 codes and the registry's names."""

from __future__ import annotations

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
    "XK": "Kosovo",
}
# What people write that neither ISO nor the registry knows, and names the registry used before.
OTHER_NAMES = {
    "usa": "US",
    "u.s.": "US",
    "u.s.a.": "US",
    "america": "US",
    "united states of america": "US",
    "uk": "GB",
    "u.k.": "GB",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "turkey": "TR",
    "türkiye": "TR",
    "turkiye": "TR",
    "turkey (türkiye)": "TR",
    "czech republic": "CZ",
    "the democratic republic of the congo": "CD",
    "congo, the democratic republic of the": "CD",
    "macedonia, the former yugoslav republic of": "MK",
    "macedonia": "MK",
    "korea": "KR",
    "korea, republic of": "KR",
    "russian federation": "RU",
    "brunei darussalam": "BN",
    "palestinian territory, occupied": "PS",
    "ivory coast": "CI",
    "côte d'ivoire": "CI",
    "iran, islamic republic of": "IR",
    "burma": "MM",
    "swaziland": "SZ",
    "holland": "NL",
    "the netherlands": "NL",
    "deutschland": "DE",
    "españa": "ES",
    "méxico": "MX",
    "brasil": "BR",
}


@cache
def _named() -> dict[str, str]:
    """Every name and code in lower case -> the two letters; the registry's names win, then the other names."""
    found: dict[str, str] = {}
    for country in pycountry.countries:
        for field in ("name", "official_name", "common_name", "alpha_3", "alpha_2"):
            name = getattr(country, field, None)
            if name:
                found[name.lower()] = country.alpha_2
    found |= OTHER_NAMES
    found |= {name.lower(): code for code, name in REGISTRY_NAMES.items()}
    return found


def country_code(text: str) -> str | None:
    """The two ISO letters of a country given by name or code; None: not a country known here."""
    return _named().get(" ".join(text.lower().split()))


@cache
def name_of_code(code: str) -> str:
    """The registry's name of a country given by its two ISO letters; unknown letters stay as they are."""
    if code in REGISTRY_NAMES:
        return REGISTRY_NAMES[code]
    found = pycountry.countries.get(alpha_2=code)
    return (getattr(found, "common_name", None) or found.name) if found else code


def registry_name(text: str) -> str:
    """The registry's name of a country given by name or ISO code; an unknown name stays as it is."""
    code = country_code(text)
    return name_of_code(code) if code else text.strip()


def country_names(sent: list[str]) -> tuple[str, ...]:
    """The registry's names, in the order sent."""
    return tuple(registry_name(text) for text in sent)
