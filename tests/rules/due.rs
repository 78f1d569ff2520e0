//! What falls due: holds, lots, and what a hold kept past its lot's end.

use super::script::check;

#[test]
fn what_is_due_is_recorded_first_and_in_the_order_in_which_it_took_effect() {
    check(
        "
        grant promotional 5 ends 20m
        grant promotional 5 ends 5m
        hold 6 ttl 600                  -> held 6 = l1:5 + l2:1 until 10m
        wait 30m
        grant manual 1                  -> l2 expired 4 at 5m; h3 expired at 10m, released 6
                                         ; l2 expired 1 at 10m; l1 expired 5 at 20m; granted 1
        balance                         -> available 1, posted 1
        ",
    );
}

#[test]
fn a_lot_ends_before_a_hold_of_the_same_instant() {
    check(
        "
        grant promotional 5 ends 10m
        hold 2
        wait 10m
        sweep                           -> l1 expired 3 at 10m; h2 expired at 10m, released 2; l1 expired 2 at 10m
        sweep                           -> nothing
        ",
    );
}

#[test]
fn a_refused_command_records_nothing_not_even_what_is_due() {
    let run = check(
        "
        grant promotional 5 ends 10m
        wait 10m
        debit 1                         -> ! insufficient_credits, available 0, required 1
        lot 1                           -> free 5
        sweep                           -> l1 expired 5 at 10m
        ",
    );
    assert_eq!(run.history.len(), 3);
}

#[test]
fn what_a_hold_reserved_stays_usable_for_it_past_the_lots_end() {
    check(
        "
        grant promotional 5 ends 5m
        hold 3
        wait 6m
        sweep                           -> l1 expired 2 at 5m
        balance                         -> posted 3, held 3
        capture 2 2                     -> captured h2 2 = l1:2, released 1; l1 expired 1 at 6m
        lot 1                           -> spent 2, expired 3
        ",
    );
}

#[test]
fn an_overrun_does_not_reach_into_a_lot_past_its_end() {
    check(
        "
        grant promotional 5 ends 5m
        hold 1
        hold 1
        wait 6m
        capture 2 4                     -> l1 expired 3 at 5m; captured h2 4 = l1:1 + absorbed 3, released 0
        void 3                          -> voided h3, released 1; l1 expired 1 at 6m
        ",
    );
}

#[test]
fn a_frozen_lot_expires_all_the_same() {
    check(
        "
        grant promotional 5 ends 5m
        freeze lots 1
        freeze amount 3
        wait 5m
        sweep                           -> l1 expired 5 at 5m
        balance                         -> nothing
        ",
    );
}

#[test]
fn a_clock_that_runs_backwards_does_not_take_the_account_with_it() {
    check(
        "
        grant promotional 5 ends 1h
        wait 30m
        grant promotional 5
        back 20m
        hold 1                          -> held 1 = l1:1 until 40m
        wait 30m
        sweep                           -> h3 expired at 40m, released 1
        ",
    );
}

#[test]
fn a_lot_is_spent_until_the_instant_it_ends() {
    check(
        "
        grant promotional 5 ends 10m
        wait 599s
        debit 1                         -> debited 1 = l1:1
        wait 1s
        debit 1                         -> ! insufficient_credits, available 0, required 1
        ",
    );
}
