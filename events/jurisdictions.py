"""Where a person's law is made: codes of ISO 3166-1 (alpha-2), and of ISO 3166-2 below them."""

from __future__ import annotations

import re
from typing import Final

#: Not told. ISO 3166-1 leaves ZZ to its users, and will never give it to a country.
UNKNOWN: Final = "ZZ"

_SUBDIVISION = re.compile(r"[A-Z0-9]{1,3}", re.ASCII)

_ASSIGNED = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT
BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH
ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT
HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS
LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI
NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG
SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG
UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""

#: The codes that ISO 3166-1 has assigned.
COUNTRIES: Final = frozenset(_ASSIGNED.split())


def is_jurisdiction(text: str) -> bool:
    """Whether ``text`` is a country's code, one with a subdivision such as `DE-BY`, or `ZZ`. Of a
    subdivision only the form is checked: those change too often to be listed here."""
    if text == UNKNOWN:
        return True
    country, dash, part = text.partition("-")
    return country in COUNTRIES and (not dash or _SUBDIVISION.fullmatch(part) is not None)
