"""Rules that between them use everything a rule can say."""

from decimal import Decimal

from cityloop.ground.standards.rows import LimitData, PhotoData, RuleData, WindowData

RULES = [
    RuleData(
        "0101",
        "deep",
        situation_names={"en": "deep hole", "zh": "深坑"},
        filing_condition="Deeper than 3 cm,\nor with an edge",
        closing_condition="Filled, level",
        do_not_collect='Works with a "permit"',
        translations={"zh": {"filing_condition": "深度超过3厘米，或有棱", "closing_condition": "填平"}},
        no_collect=(WindowData("06-01", "09-30", ("sat", "sun"), "12:00", "15:00"), WindowData(days=("mon",))),
        photos=(PhotoData("near"), PhotoData("after", True)),
        handlers=("handler", "owner"),
        urgent=True,
        self_handling=True,
        self_handling_cap=5,
        check_mode="photo",
        check_window="same_hours",
        closing_kinds=("solved", "temporary"),
        law_clause="第二十三条",
        source="ours",
        documents=(("ACT", "12 a"),),
        limits=(
            LimitData("handle", "fence", Decimal("2.000"), "h", "default"),
            LimitData("handle", "repair", Decimal("5.000"), "wd", "default"),
            LimitData("handle", "repair", Decimal("2.500"), "wd", "default", "A", "winter"),
            LimitData("total", "", Decimal("30.000"), "d", "default"),
        ),
    ),
    RuleData("0101", "shallow", filing_condition="=1+1 holes", closing_condition="Filled"),
    RuleData(
        "0102", "", closing_condition="Burns", limits=(LimitData("handle", "", Decimal("4.000"), "wh", "default"),)
    ),
]
