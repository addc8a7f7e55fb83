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
        "approval_elsewhere",
        "handled_by_same",
        "filed_by_same",
        "permission_missing",
        "time_before_last",
        # what comes with it
        "fact_missing",
        "fact_wrong",
        "photo_unknown",
        "photo_missing",
        "proof_missing",
        "form_missing",
        "place_far",
        "category_unknown",
        "situation_unknown",
        "situation_missing",
        "organisation_unknown",
        "organisation_ended",
        # what the rule book and the clocks say
        "closing_kind_unfit",
        "check_outside_window",
        "calendar_without_work",
        "limit_not_positive",
        "limit_too_long",
        # where the work stands
        "dispatch_ruled",
        "return_too_late",
        "feedback_missing",
        "feedback_skipped",
        "verdict_against",
        "case_published",
        "redo_too_late",
        "part_last",
        "hold_open",
        "hold_none",
        "hold_not_running",
        "hold_too_late",
        "hold_in_the_past",
        "hold_cap",
        # how it stands to other cases
        "link_loop",
        "link_known",
        "link_none",
        "merge_into_ended",
        "merge_handlers_differ",
    }
)
