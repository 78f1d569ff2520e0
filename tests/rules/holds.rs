//! Holds: admission, capture, extension, void, lateness, and the versions that they pin.

use super::script::check;

#[test]
fn a_hold_reserves_and_its_capture_charges_what_was_used() {
    check(
        "
        grant promotional 10            -> granted 10
        hold 4                          -> held 4 = l1:4 until 10m
        balance                         -> available 6, posted 10, held 4
        capture 2 3                     -> captured h2 3 = l1:3, released 1
        balance                         -> available 7, posted 7
        hold 4                          -> held 4 = l1:4 until 10m
        capture 4 4                     -> captured h4 4 = l1:4, released 0
        hold 3                          -> held 3 = l1:3 until 10m
        capture 6 0                     -> captured h6 0, released 3
        lot 1                           -> free 3, spent 7
        ",
    );
}

#[test]
fn a_call_is_admitted_when_its_amount_is_at_most_what_is_available() {
    check(
        "
        grant promotional 10
        hold 10.000000001               -> ! insufficient_credits, available 10, required 10.000000001
        hold 10                         -> held 10 = l1:10 until 10m
        hold 0.000000001                -> ! insufficient_credits, available 0, required 0.000000001
        debit 0.000000001               -> ! insufficient_credits, available 0, required 0.000000001
        hold 0                          -> held 0 until 10m
        ",
    );
}

/// PEERS: holds ignored in the balance check (blnk#181).
#[test]
fn open_holds_count_against_the_next_call() {
    check(
        "
        grant promotional 1.66
        hold 1
        hold 1                          -> ! insufficient_credits, available 0.66, required 1
        debit 0.67                      -> ! insufficient_credits, available 0.66, required 0.67
        ",
    );
}

#[test]
fn a_hold_is_settled_once() {
    check(
        "
        grant promotional 10
        hold 4
        capture 2 3
        capture 2 3                     -> ! hold_already_settled
        hold 4
        void 4                          -> voided h4, released 4
        capture 4 1                     -> ! hold_already_settled
        capture 1 1                     -> ! hold_not_found
        capture 99 1                    -> ! hold_not_found
        void 99                         -> ! hold_not_found
        extend 99 1                     -> ! hold_not_found
        balance                         -> available 7, posted 7
        ",
    );
}

#[test]
fn an_extension_reserves_more_and_for_longer_but_never_less() {
    check(
        "
        grant promotional 5
        grant promotional 5
        hold 4                          -> held 4 = l1:4 until 10m
        wait 5m
        extend 3 7                      -> extended h3 to 7 + l1:1 + l2:2 until 15m
        extend 3 2                      -> extended h3 to 7 until 15m
        extend 3 11                     -> ! insufficient_credits, available 3, required 4
        capture 3 6                     -> captured h3 6 = l1:5 + l2:1, released 1
        lot 2                           -> free 4, spent 1
        ",
    );
}

#[test]
fn an_extension_never_shortens_a_hold() {
    check(
        "
        grant promotional 5
        hold 1 ttl 3600                 -> held 1 = l1:1 until 1h
        extend 2 1                      -> extended h2 to 1 until 1h
        ",
    );
}

/// It asks for no credits: that the balance has fallen below the line meanwhile does not end a running call.
#[test]
fn more_time_alone_is_given_whatever_the_balance_has_come_to() {
    check(
        "
        line 10
        hold 8                          -> held 8 = line 8 until 10m
        line 0
        wait 9m
        extend 2 8                      -> extended h2 to 8 until 19m
        extend 2 9                      -> ! insufficient_credits, available -8, required 1
        ",
    );
}

#[test]
fn the_book_limits_how_long_a_hold_lives() {
    check(
        "
        grant promotional 5
        hold 1                          -> held 1 = l1:1 until 10m
        hold 1 ttl 60                   -> held 1 = l1:1 until 1m
        hold 1 ttl 1000000              -> held 1 = l1:1 until 1h
        ",
    );
}

#[test]
fn a_late_capture_is_settled_as_a_debit_and_marked() {
    check(
        "
        grant promotional 10
        hold 4
        wait 10m
        sweep                           -> h2 expired at 10m, released 4
        extend 2 5                      -> ! hold_already_settled
        void 2                          -> ! hold_already_settled
        hold 9                          -> held 9 = l1:9 until 20m
        capture 2 3                     -> late captured h2 3 = l1:1 + absorbed 2, released 0
        capture 2 3                     -> ! hold_already_settled
        ",
    );
}

/// Who asks saw the hold open, and knows nothing of its expiry: it is recorded in this very step.
#[test]
fn a_capture_in_the_step_in_which_its_hold_expires_is_late() {
    check(
        "
        grant promotional 10
        hold 4
        wait 10m
        capture 2 3                     -> h2 expired at 10m, released 4; late captured h2 3 = l1:3, released 0
        capture 2 3                     -> ! hold_already_settled
        balance                         -> available 7, posted 7
        ",
    );
}

#[test]
fn a_hold_of_the_last_microsecond_is_open() {
    check(
        "
        grant promotional 10
        hold 4
        wait 599s
        capture 2 3                     -> captured h2 3 = l1:3, released 1
        ",
    );
}

#[test]
fn a_hold_is_rated_and_settled_by_the_versions_it_was_placed_under() {
    let run = check(
        "
        grant promotional 100
        hold input_tokens=4             -> held 4 = l1:4 until 10m
        catalog rates.0.rate 3
        policy holds.amount_allowed false
        hold input_tokens=4             -> held 12 = l1:12 until 10m
        hold 5                          -> ! amount_not_allowed
        capture 3 7                     -> ! amount_not_allowed
        extend 2 input_tokens=6         -> extended h2 to 6 + l1:2 until 10m
        capture 2 input_tokens=5        -> captured h2 5 = l1:5, released 1
        capture 3 input_tokens=5        -> captured h3 15 = l1:15, released 0
        debit input_tokens=1            -> debited 3 = l1:3
        ",
    );
    let versions = run.history.iter().filter_map(|event| match event {
        scrip_ledger::Event::HoldCaptured(captured) => {
            Some((captured.charge.catalog, captured.charge.policy))
        }
        scrip_ledger::Event::Debited(debited) => Some((debited.charge.catalog, debited.charge.policy)),
        _ => None,
    });
    assert_eq!(versions.collect::<Vec<_>>(), [(1, 1), (2, 2), (2, 2)]);
}

/// P4: calls that brought nothing are recorded, and never in the balance, even where no call would be admitted.
#[test]
fn a_call_that_costs_nothing_is_recorded_whatever_the_account_may_do() {
    check(
        "
        debit 5 outcome failed          -> debited 0
        debit 0                         -> debited 0
        debit 5                         -> ! insufficient_credits, available 0, required 5
        freeze account
        debit 5 outcome provider_limited -> debited 0
        debit 5                         -> ! account_frozen
        close
        debit 5 outcome retried         -> debited 0
        balance                         -> nothing
        ",
    );
}

#[test]
fn outcomes_that_the_book_does_not_charge_release_the_whole_hold() {
    for (outcome, expected) in [
        ("completed", "captured h2 3 = l1:3, released 1"),
        ("partial", "captured h2 3 = l1:3, released 1"),
        ("client_disconnected", "captured h2 3 = l1:3, released 1"),
        ("usage_unknown", "captured h2 3 = l1:3, released 1"),
        ("policy_violation", "captured h2 3 = l1:3, released 1"),
        ("failed", "captured h2 0, released 4"),
        ("provider_limited", "captured h2 0, released 4"),
        ("retried", "captured h2 0, released 4"),
        ("moderation_blocked", "captured h2 0, released 4"),
    ] {
        check(&format!("grant promotional 10\n hold 4\n capture 2 3 outcome {outcome} -> {expected}"));
    }
}

#[test]
fn a_call_names_a_model_and_units_that_are_sold() {
    check(
        "
        grant promotional 10
        hold 1 model nobody             -> ! unknown_model
        hold 1 at videos                -> ! unknown_model
        hold video_seconds=1            -> ! unknown_unit
        debit tokens=1                  -> ! unknown_unit
        hold input_tokens=1
        capture 2 tokens=1              -> ! unknown_unit
        ",
    );
}
