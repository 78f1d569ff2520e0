//! Violations and what they lead to, corrections that two persons make, overdue debt, and outcomes that return.

use super::script::check;

const THRESHOLDS: &str = r#"{"outcomes":["policy_violation"],"thresholds":[{"count":2,"within_days":30,"action":"review"},{"count":3,"action":"suspend"},{"count":4,"action":"terminate"}]}"#;

#[test]
fn thresholds_are_reached_once_each_and_violations_after_them_change_nothing_more() {
    let terms = format!("policy violations {THRESHOLDS}");
    check(&format!(
        "
        {terms}
        grant promotional 9
        hold 2
        debit 1 outcome policy_violation -> debited 1 = l1:1; violation recorded
        void 2 outcome policy_violation  -> voided h2, released 2; violation recorded; review opened
        review 7 warned                  -> review closed
        review 7 warned                  -> ! already_decided
        review 3 warned                  -> ! review_not_found
        hold 2
        violation upload                 -> violation recorded; frozen account
        capture 9 1 outcome failed       -> captured h9 0, released 2
        violation upload                 -> violation recorded; closed; l1 forfeited 8
        violation upload                 -> violation recorded
        "
    ));
}

#[test]
fn a_review_needs_its_violations_within_its_days() {
    let terms = format!("policy violations {THRESHOLDS}");
    check(&format!(
        "
        {terms}
        violation upload                 -> violation recorded
        wait 31d
        violation upload                 -> violation recorded
        "
    ));
    check(&format!(
        "
        {terms}
        violation upload                 -> violation recorded
        wait 30d
        violation upload                 -> violation recorded; review opened
        "
    ));
}

#[test]
fn a_suspension_gives_open_holds_up_where_freezes_do() {
    let thresholds = r#"{"thresholds":[{"count":1,"action":"suspend"}]}"#;
    check(&format!(
        "
        policy violations {thresholds}
        policy freeze.open_holds void
        grant promotional 9
        hold 2
        violation upload -> violation recorded; voided h2, released 2; frozen account
        "
    ));
}

/// I3: in the same step, to exactly the lots and the debt that had paid.
#[test]
fn an_outcome_may_return_what_it_was_charged() {
    check(
        "
        policy outcomes.moderation_blocked refund
        policy overrun.rule debt
        grant promotional 2
        grant promotional 3
        line 4
        hold 6
        capture 4 4 outcome moderation_blocked -> captured h4 4 = l1:2 + l2:2, released 2
                                                ; refunded d5 4 = l1:2 + l2:2
        debit 7 outcome moderation_blocked     -> debited 7 = l1:2 + l2:3 + debt 2; refunded d7 7 = l1:2 + l2:3 + debt 2
        balance                                -> available 5, posted 5, limit 4
        refund 7                               -> ! not_eligible, P5
        debit 0 outcome moderation_blocked     -> debited 0
        hold 1
        wait 11m
        capture 10 3 outcome moderation_blocked -> h10 expired at 10m, released 1
                                                ; late captured h10 3 = l1:2 + l2:1, released 0
                                                ; refunded d12 3 = l1:2 + l2:1
        balance                                -> available 5, posted 5, limit 4
        ",
    );
}

#[test]
fn what_returns_to_a_lot_past_its_end_lapses_or_revives_it() {
    check(
        "
        policy outcomes.moderation_blocked refund
        grant promotional 5 ends 5m
        hold 4
        wait 6m
        capture 2 3 outcome moderation_blocked -> l1 expired 1 at 5m; captured h2 3 = l1:3, released 1
                                                ; refunded d4 3 = l1:3; l1 expired 4 at 6m
        ",
    );
    check(
        r#"
        policy outcomes.moderation_blocked refund
        policy usage_refunds.expired_lot {"revive_days":3}
        grant promotional 5 ends 5m
        hold 4
        wait 6m
        capture 2 3 outcome moderation_blocked -> l1 expired 1 at 5m; captured h2 3 = l1:3, released 1
                                                ; l1 expired 1 at 6m; refunded d4 3 = l1:3, l1 lives until 4326m
        balance                                -> available 3, posted 3
        "#,
    );
}

/// I4: neither by the call's outcome nor by the reason, whatever else the book allows.
#[test]
fn what_is_never_refunded_wins() {
    check(
        r#"
        policy usage_refunds.never {"policy_violation":"I4","failed":"I5"}
        grant promotional 9
        debit 1 outcome policy_violation
        refund 2                               -> ! not_eligible, I5
        policy usage_refunds.never {"policy_violation":"I4"}
        refund 2                               -> ! not_eligible, I4
        debit 1
        refund 3                               -> refunded d3 1 = l1:1
        "#,
    );
}

/// Z2: nothing moves until another person has approved it, and what cannot be taken goes on waiting.
#[test]
fn corrections_wait_for_a_second_person() {
    check(
        "
        policy grants.manual.priority 7
        grant promotional 5
        adjust 0                               -> ! invalid_amount
        adjust 3 by ann                        -> approval requested
        approve 2 by ann                       -> ! same_person
        approve 2 by ben                       -> approval given; granted 3
        approve 2 by ben                       -> ! already_decided
        adjust -9 by ann                       -> approval requested
        approve 5 by ben                       -> ! insufficient_credits, available 8, required 9
        grant promotional 1
        approve 5 by ben                       -> approval given; adjusted
        balance                                -> nothing
        lot 1                                  -> spent 5
        adjust -1 by ann                       -> approval requested
        reject 9 by ann                        -> approval rejected
        approve 9 by ben                       -> ! already_decided
        approve 1 by ben                       -> ! approval_not_found
        grant adjustment 1                     -> ! source_not_allowed
        ",
    );
}

#[test]
fn a_grant_by_hand_waits_above_the_threshold_only() {
    check(
        r#"
        policy approvals {"manual_grant_above":"10"}
        grant manual 10                        -> granted 10
        grant compensation 11                  -> granted 11
        grant manual 10.000000001 ends 1d      -> approval requested
        approve 3 by finance                   -> ! same_person
        wait 2d
        approve 3 by ben                       -> ! invalid_time
        grant manual 11
        close
        approve 4 by ben                       -> ! account_closed
        "#,
    );
}

/// M6: the last instant is not overdue yet, more debt does not begin the time again, and only all of it ends it.
#[test]
fn debt_is_overdue_just_after_its_days() {
    check(
        r#"
        policy overrun.rule debt
        policy credit_line {"due_days":14,"clause":"M6"}
        line 20
        debit 3                                -> debited 3 = debt 3
        wait 10d
        debit 3                                -> debited 3 = debt 3
        wait 4d
        debit 3                                -> debited 3 = debt 3
        wait 1s
        debit 3                                -> ! overdue
        sweep                                  -> debt overdue
        hold 1                                 -> ! overdue
        sweep                                  -> nothing
        top_up p10                             -> topped up 10; repaid = l6:9
        debit 1                                -> debited 1 = l6:1
        wait 30d
        sweep                                  -> nothing
        "#,
    );
}
