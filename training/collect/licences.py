"""What one may do with a picture, in five words instead of forty addresses."""

LICENCES = {
    "cc0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "pdm": "https://creativecommons.org/publicdomain/mark/1.0/",
    "cc-by": "https://creativecommons.org/licenses/by/",
    "cc-by-sa": "https://creativecommons.org/licenses/by-sa/",
}
"""Every licence that can be asked for, with the address that states it."""

OPEN = ("cc0", "pdm")
"""What is taken when nobody says otherwise: no conditions at all."""

UNKNOWN = "unknown"

# In this order: "by-sa" holds "by", and "nc" or "nd" spoils either.
_SIGNS = (
    (("-nc", "-nd", "noncommercial", "non-commercial", "noderiv"), UNKNOWN),
    (("publicdomain/zero", "cc0", "cc-zero", "/cc0"), "cc0"),
    (("publicdomain/mark", "public domain", "publieke domein", "public-domain", "pdm"), "pdm"),
    (("licenses/by-sa", "cc by-sa", "cc-by-sa"), "cc-by-sa"),
    (("licenses/by", "cc by", "cc-by"), "cc-by"),
)


def licence_of(*statements: object) -> str:
    """The licence that an address or a name states.

    Args:
        statements: Addresses or names, the weightiest first; what is not text is skipped.

    Returns:
        A key of `LICENCES`, or `unknown`: silence is never permission.
    """
    for statement in statements:
        if not isinstance(statement, str):
            continue
        text = statement.lower()
        if text in ("pd", "publicdomain") or text.startswith("pd-"):
            return "pdm"
        for signs, licence in _SIGNS:
            if any(sign in text for sign in signs):
                return licence
    return UNKNOWN
