"""What a caller may say of a patient's measurements: which analyte a name or code means, and whether a unit fits it."""

from matching.knowledge import analytes, conversion


def analyte_of(name: str, loinc: str | None) -> str | None:
    """The analyte's preferred name; None when neither code nor name is in the table."""
    entry = analytes.by_loinc(loinc) if loinc else None
    if entry is None:
        found = analytes.find_with_setting(name)
        entry = found[0] if found else None
    return entry.name if entry else None


def unit_fits(unit: str, analyte: str) -> bool:
    """Whether a UCUM unit can be a unit of the analyte (its preferred name)."""
    return conversion.fits(unit, analyte)
