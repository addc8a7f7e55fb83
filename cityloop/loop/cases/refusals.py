"""Every refusal that taking a step can meet. `make check` holds the list against the code and the tests."""

REFUSALS = frozenset(
    {
        # which case, which step, who, when
        "case_unknown",
        "case_moved",
        "step_unknown",
        "state_wrong",
        "step_denied",
        "step_elsewhere",
        "permission_missing",
        "time_before_last",
        # what comes with it
        "fact_missing",
        "fact_wrong",
        "photo_unknown",
        "category_unknown",
        "situation_unknown",
        "situation_missing",
        "organisation_unknown",
        # what the rule book and the clocks say
        "closing_kind_unfit",
        "check_outside_window",
        "calendar_without_work",
        "limit_not_positive",
        "limit_too_long",
        # where the work stands
        "dispatch_ruled",
        "part_last",
        "hold_open",
        "hold_none",
        "hold_not_running",
        "hold_too_late",
        "hold_in_the_past",
    }
)
