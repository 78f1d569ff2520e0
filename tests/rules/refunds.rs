//! Usage refunds: what a call was charged goes back to what had paid it.

use super::script::check;

#[test]
fn a_refund_returns_to_the_same_lots_the_last_taken_first() {
    check(
        "
        grant promotional 3
        grant promotional 3
        debit 5                         -> debited 5 = l1:3 + l2:2
        refund 3 1                      -> refunded d3 1 = l2:1
        refund 3 3                      -> refunded d3 3 = l2:1 + l1:2
        refund 3 2                      -> ! not_eligible, P5
        refund 3                        -> refunded d3 1 = l1:1
        refund 3                        -> ! not_eligible, P5
        balance                         -> available 6, posted 6
        ",
    );
}

#[test]
fn a_refund_is_of_a_debit_and_of_more_than_nothing() {
    check(
        "
        grant promotional 3
        refund 1                        -> ! debit_not_found
        refund 99                       -> ! debit_not_found
        debit 2
        refund 2 0                      -> ! invalid_amount
        refund 2 -1                     -> ! invalid_amount
        refund 2 2.000000001            -> ! not_eligible, P5
        debit 2 outcome failed
        refund 3                        -> ! not_eligible, P5
        ",
    );
}

#[test]
fn a_book_may_refund_no_usage() {
    check(
        "
        policy usage_refunds.allowed false
        grant promotional 3
        debit 2
        refund 2                        -> ! not_eligible, P5
        ",
    );
}

#[test]
fn what_the_operator_absorbed_was_never_paid_and_never_returns() {
    check(
        "
        grant promotional 3
        hold 3
        capture 2 5                     -> captured h2 5 = l1:3 + absorbed 2, released 0
        refund 3 4                      -> ! not_eligible, P5
        refund 3                        -> refunded d3 3 = l1:3
        ",
    );
}

#[test]
fn what_debt_had_paid_reduces_the_debt_first() {
    check(
        "
        grant promotional 3
        line 5
        debit 7                         -> debited 7 = l1:3 + debt 4
        refund 3 5                      -> refunded d3 5 = l1:1 + debt 4
        balance                         -> available 1, posted 1, limit 5
        refund 3                        -> refunded d3 2 = l1:2
        ",
    );
}

#[test]
fn debt_that_was_repaid_returns_to_what_repaid_it() {
    check(
        "
        line 15
        debit 12                        -> debited 12 = debt 12
        top_up p10                      -> topped up 10; repaid = l3:10
        balance                         -> available -2, debt 2, limit 15
        refund 2 5                      -> refunded d2 5 = debt 2 + repaid l3:3
        lot 3                           -> free 3, spent 7, repaid 7
        refund 2                        -> refunded d2 7 + repaid l3:7
        balance                         -> available 10, posted 10, limit 15
        ",
    );
}

#[test]
fn repaid_debt_returns_to_the_latest_lot_that_repaid_any() {
    check(
        "
        line 15
        debit 12
        top_up p10
        top_up p10                      -> topped up 10; repaid = l5:2
        refund 2 3                      -> refunded d2 3 + repaid l5:2 + repaid l3:1
        ",
    );
}

#[test]
fn what_returns_to_a_lot_past_its_end_expires_at_once() {
    check(
        "
        grant promotional 3 ends 1d
        debit 2
        wait 2d
        refund 2                        -> l1 expired 1 at 1d; refunded d2 2 = l1:2; l1 expired 2 at 2d
        lot 1                           -> expired 3
        ",
    );
}

#[test]
fn or_the_lot_lives_on_for_it() {
    check(
        r#"
        policy usage_refunds.expired_lot {"revive_days":3}
        grant promotional 3 ends 1d
        debit 2
        wait 2d
        refund 2 1                      -> l1 expired 1 at 1d; refunded d2 1 = l1:1, l1 lives until 5d
        wait 1d
        refund 2 1                      -> refunded d2 1 = l1:1
        debit 1.5                       -> debited 1.5 = l1:1.5
        wait 2d
        sweep                           -> l1 expired 0.5 at 5d
        "#,
    );
}

/// A lot that the call was charged to and that repaid the call's debt, too, is named once.
#[test]
fn a_lot_lives_on_once_however_it_gets_its_credits_back() {
    check(
        r#"
        policy usage_refunds.expired_lot {"revive_days":3}
        line 30
        debit 12                        -> debited 12 = debt 12
        top_up p20                      -> topped up 22 until 10d; repaid = l3:12
        debit 15                        -> debited 15 = l3:10 + debt 5
        top_up p10                      -> topped up 10; repaid = l6:5
        wait 20d
        refund 2 11                     -> refunded d2 11 + repaid l6:5 + repaid l3:6, l3 lives until 23d
        wait 20d
        refund 5                        -> l3 expired 6 at 23d
                                         ; refunded d5 15 = l3:10 + repaid l3:5, l3 lives until 43d
        "#,
    );
}

#[test]
fn a_refund_reaches_a_closed_account_and_stays_or_is_forfeited_by_the_book() {
    check(
        "
        grant promotional 3
        debit 2
        close                           -> closed
        refund 2                        -> refunded d2 2 = l1:2
        balance                         -> available 3, posted 3
        ",
    );
    check(
        "
        policy close.remainder forfeit
        grant promotional 3
        debit 2
        close                           -> closed; l1 forfeited 1
        refund 2                        -> refunded d2 2 = l1:2; l1 forfeited 2
        balance                         -> nothing
        ",
    );
}

#[test]
fn a_closed_account_that_forfeits_revives_no_lot() {
    check(
        r#"
        policy close.remainder forfeit
        policy usage_refunds.expired_lot {"revive_days":3}
        grant promotional 3 ends 1d
        debit 3
        close                           -> closed
        wait 2d
        refund 2                        -> refunded d2 3 = l1:3; l1 expired 3 at 2d
        "#,
    );
}

#[test]
fn a_captured_hold_is_refunded_like_a_debit() {
    check(
        "
        grant promotional 3
        grant promotional 3
        hold 2
        hold 2                          -> held 2 = l1:1 + l2:1 until 10m
        extend 4 3                      -> extended h4 to 3 + l2:1 until 10m
        capture 4 2.5                   -> captured h4 2.5 = l1:1 + l2:1.5, released 0.5
        refund 6 2                      -> refunded d6 2 = l2:1.5 + l1:0.5
        refund 4                        -> ! debit_not_found
        ",
    );
}
