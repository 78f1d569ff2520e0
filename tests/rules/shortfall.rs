//! Usage beyond the hold: what is available, then the credit line, then debt or the operator, by the book.

use super::script::check;

#[test]
fn an_overrun_takes_what_is_available_first() {
    check(
        "
        grant promotional 10
        hold 4
        capture 2 9                     -> captured h2 9 = l1:9, released 0
        ",
    );
}

#[test]
fn absorb_leaves_the_rest_to_the_operator() {
    check(
        "
        grant promotional 10
        hold 4
        capture 2 12                    -> captured h2 12 = l1:10 + absorbed 2, released 0
        balance                         -> nothing
        ",
    );
}

#[test]
fn absorb_does_not_touch_the_credit_line_beyond_the_hold() {
    check(
        "
        grant promotional 1
        line 10
        hold 4                          -> held 4 = l1:1 + line 3 until 10m
        capture 3 12                    -> captured h3 12 = l1:1 + debt 3 + absorbed 8, released 0
        balance                         -> available -3, debt 3, limit 10
        ",
    );
}

#[test]
fn debt_goes_up_to_the_credit_line_and_the_operator_carries_the_rest() {
    check(
        "
        policy overrun.rule debt
        line 5
        grant promotional 2
        hold 2
        hold 3                          -> held 3 = line 3 until 10m
        capture 3 10                    -> captured h3 10 = l2:2 + debt 2 + absorbed 6, released 0
        balance                         -> available -5, held 3, debt 2, limit 5
        capture 4 3                     -> captured h4 3 = debt 3, released 0
        ",
    );
}

#[test]
fn debt_beyond_the_credit_line_may_be_a_receivable() {
    check(
        "
        policy overrun.rule debt
        policy overrun.beyond_credit_line receivable
        grant promotional 2
        hold 2
        capture 2 10                    -> captured h2 10 = l1:2 + debt 8, released 0
        balance                         -> available -8, debt 8
        hold 0                          -> ! insufficient_credits, available -8, required 0
        top_up p10                      -> topped up 10; repaid = l4:8
        lot 4                           -> free 2, spent 8, repaid 8
        balance                         -> available 2, posted 2
        ",
    );
}

/// M6: new credits first repay the debt, all of a top-up if it must be; a grant is a gift and repays nothing.
#[test]
fn a_top_up_repays_the_debt_and_a_grant_does_not() {
    check(
        "
        line 30
        debit 25                        -> debited 25 = debt 25
        grant promotional 1             -> granted 1
        balance                         -> available -24, posted 1, debt 25, limit 30
        top_up p10                      -> topped up 10; repaid = l4:10
        lot 4                           -> spent 10, repaid 10
        balance                         -> available -14, posted 1, debt 15, limit 30
        ",
    );
}

#[test]
fn a_credit_line_admits_calls_below_zero_and_a_smaller_one_admits_no_more() {
    check(
        "
        grant promotional 2
        line 5
        debit 8                         -> ! insufficient_credits, available 7, required 8
        debit 7                         -> debited 7 = l1:2 + debt 5
        line 3
        debit 0.1                       -> ! insufficient_credits, available -2, required 0.1
        balance                         -> available -5, debt 5, limit 3
        ",
    );
}

/// ARCHITECTURE: an overrun never silently turns a balance negative. What is free here is claimed by the debt.
#[test]
fn free_credits_that_the_debt_has_a_claim_on_do_not_pay_an_overrun() {
    let before = "
        line 5
        debit 5                         -> debited 5 = debt 5
        line 0
        grant promotional 10
        hold 2                          -> held 2 = l4:2 until 10m
        balance                         -> available 3, posted 10, held 2, debt 5
        ";
    check(&format!(
        "{before}
        capture 5 8                     -> captured h5 8 = l4:5 + absorbed 3, released 0
        balance                         -> posted 5, debt 5
        "
    ));
    check(&format!(
        "policy overrun.rule debt
        policy overrun.beyond_credit_line receivable
        {before}
        capture 5 8                     -> captured h5 8 = l4:5 + debt 3, released 0
        balance                         -> available -3, posted 5, debt 8
        "
    ));
}

/// Credits that came after the hold are used before its part of the credit line is.
#[test]
fn a_hold_on_the_credit_line_prefers_credits_that_came_since() {
    check(
        "
        line 10
        hold 7                          -> held 7 = line 7 until 10m
        grant promotional 4
        capture 2 6                     -> captured h2 6 = l3:4 + debt 2, released 5
        balance                         -> available -2, debt 2, limit 10
        ",
    );
}

#[test]
fn a_debit_in_one_step_is_never_larger_than_what_may_be_spent() {
    check(
        "
        policy overrun.rule debt
        policy overrun.beyond_credit_line receivable
        grant promotional 2
        debit 3                         -> ! insufficient_credits, available 2, required 3
        ",
    );
}
