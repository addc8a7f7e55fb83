"""The row of the ledger and the rule that a case stands under, as the HTTP edge gives them."""

from ninja import Schema

from cityloop.core.units import LimitUnit


class PartyOut(Schema):
    role: str
    role_title: str
    organisation: str
    organisation_name: str


class LedgerOut(Schema):
    """The row of the responsibility ledger that the case stands under."""

    code: str
    tier: str
    tier_title: str
    basis: str
    duty: str
    parties: list[PartyOut]


class LimitOut(Schema):
    stage: str
    part: str
    value: float
    unit: LimitUnit
    calendar: str
    area_class: str
    season: str


class PhotoWanted(Schema):
    """A photo that the rule book wants: near, far, before or after; `app`: taken in the app."""

    kind: str
    app: bool


class RuleOut(Schema):
    """The rule that the case stands under; `value`, `unit` and `calendar` are those of its first handling limit."""

    category: str
    edition: str
    value: float | None
    unit: LimitUnit | None
    calendar: str | None
    limits: list[LimitOut]
    filing_condition: str
    closing_condition: str
    law_clause: str
    closing_kinds: list[str]
    situation: str
    situation_name: str
    urgent: bool
    check_mode: str
    check_window: str
    photos: list[PhotoWanted]
