//! Opening, keys, freezes, closing, and what an account that is not there or not open refuses.

use super::script::check;

#[test]
fn an_account_is_opened_once_and_before_anything_else() {
    check("open -> opened\n open -> ! already_exists");
    let commands = "grant promotional 1|top_up p10|hold 1|debit 1|capture 0 1|void 0|extend 0 1|refund 0|key|rotate 1|revoke 1|\
                    freeze account|thaw|line 1|close|sweep";
    for command in commands.split('|') {
        let script = format!("openless\n {command} -> ! account_not_found");
        check(&script);
    }
}

#[test]
fn keys_are_issued_rotated_and_revoked() {
    check(
        "
        grant promotional 9
        key                             -> key issued
        hold 1 key 2                    -> held 1 = l1:1 until 10m
        rotate 2                        -> key 2 rotated
        hold 1 key 2                    -> held 1 = l1:1 until 10m
        revoke 2                        -> key 2 revoked
        hold 1 key 2                    -> ! key_revoked
        debit 1 key 2                   -> ! key_revoked
        extend 3 2                      -> ! key_revoked
        capture 3 1                     -> captured h3 1 = l1:1, released 0
        rotate 2                        -> ! key_revoked
        revoke 2                        -> ! key_revoked
        freeze key 2                    -> ! key_revoked
        hold 1 key 77                   -> ! key_not_found
        rotate 77                       -> ! key_not_found
        revoke 77                       -> ! key_not_found
        freeze key 77                   -> ! key_not_found
        ",
    );
}

#[test]
fn a_frozen_account_refuses_calls_whatever_it_has_and_takes_credits() {
    check(
        "
        grant promotional 9
        hold 1
        freeze account                  -> frozen account
        hold 1                          -> ! account_frozen
        debit 1                         -> ! account_frozen
        extend 2 1                      -> ! account_frozen
        balance                         -> available 8, posted 9, held 1
        top_up p10                      -> topped up 10
        capture 2 1                     -> captured h2 1 = l1:1, released 0
        refund 5                        -> refunded d5 1 = l1:1
        freeze account                  -> frozen account
        thaw 3                          -> thawed f3
        hold 1                          -> ! account_frozen
        thaw                            -> thawed f7
        hold 1                          -> held 1 = l1:1 until 10m
        thaw                            -> ! measure_not_found
        thaw 3                          -> ! measure_not_found
        ",
    );
}

/// A5: the freeze takes effect for the very next call, and open holds are handled as the policy says.
#[test]
fn a_freeze_may_void_open_holds() {
    check(
        "
        policy freeze.open_holds void
        grant promotional 9 ends 5m
        key
        hold 1
        hold 2 key 2                    -> held 2 = l1:2 until 10m
        freeze key 2                    -> voided h4, released 2; frozen key 2
        hold 1 key 2                    -> ! key_frozen
        capture 4 2                     -> ! hold_already_settled
        freeze amount 1                 -> frozen amount 1
        wait 6m
        freeze account                  -> l1 expired 8 at 5m; voided h3, released 1; l1 expired 1 at 6m; frozen account
        ",
    );
}

/// What the holds return to one expired lot is one event: as many holds as an account may have fit into one group.
#[test]
fn a_freeze_that_voids_settles_what_returns_lot_by_lot() {
    check(
        "
        policy freeze.open_holds void
        grant promotional 2 ends 5m
        grant promotional 9 ends 6m
        hold 1                          -> held 1 = l1:1 until 10m
        hold 3                          -> held 3 = l1:1 + l2:2 until 10m
        hold 4                          -> held 4 = l2:4 until 10m
        wait 7m
        freeze account                  -> l2 expired 3 at 6m; voided h3, released 1; voided h4, released 3
                                        ; voided h5, released 4; l1 expired 2 at 7m; l2 expired 6 at 7m
                                        ; frozen account
        ",
    );
}

#[test]
fn a_frozen_key_stops_its_own_calls_only() {
    check(
        "
        grant promotional 9
        key
        key
        freeze key 2                    -> frozen key 2
        debit 1 key 2                   -> ! key_frozen
        debit 1 key 3                   -> debited 1 = l1:1
        debit 1                         -> debited 1 = l1:1
        rotate 2                        -> key 2 rotated
        debit 1 key 2                   -> ! key_frozen
        thaw 4                          -> thawed f4
        debit 1 key 2                   -> debited 1 = l1:1
        ",
    );
}

#[test]
fn frozen_is_never_more_than_there_is() {
    check(
        "
        grant promotional 5
        grant promotional 5
        freeze amount 3                 -> frozen amount 3
        balance                         -> available 7, posted 10, frozen 3
        freeze lots 2 1 2               -> frozen lots [1, 2]
        balance                         -> posted 10, frozen 10
        thaw 4                          -> thawed f4
        freeze amount 20                -> frozen amount 20
        balance                         -> posted 10, frozen 10
        grant promotional 20            -> granted 20
        balance                         -> available 7, posted 30, frozen 23
        ",
    );
}

#[test]
fn a_freeze_reaches_what_is_free_and_not_what_holds_reserve() {
    check(
        "
        grant promotional 5
        hold 4
        freeze lots 1                   -> frozen lots [1]
        balance                         -> posted 5, held 4, frozen 1
        capture 2 5                     -> captured h2 5 = l1:4 + absorbed 1, released 0
        ",
    );
}

#[test]
fn a_freeze_names_what_is_there() {
    check(
        "
        grant promotional 5
        freeze lots 0                   -> ! lot_not_found
        freeze lots 1 9                 -> ! lot_not_found
        freeze lots                     -> ! lot_not_found
        freeze amount 0                 -> ! invalid_amount
        freeze amount -1                -> ! invalid_amount
        ",
    );
}

#[test]
fn two_freezes_of_one_lot_are_lifted_one_by_one() {
    check(
        "
        grant promotional 5
        freeze lots 1
        freeze lots 1
        thaw 2                          -> thawed f2
        debit 1                         -> ! insufficient_credits, available 0, required 1
        thaw                            -> thawed f3
        debit 1                         -> debited 1 = l1:1
        ",
    );
}

#[test]
fn a_closed_account_takes_neither_calls_nor_credits_but_settles() {
    check(
        "
        grant promotional 9
        key
        hold 2
        close                           -> closed
        close                           -> ! account_closed
        hold 1                          -> ! account_closed
        debit 1                         -> ! account_closed
        extend 3 2                      -> ! account_closed
        top_up p10                      -> ! account_closed
        grant promotional 1             -> ! account_closed
        key                             -> ! account_closed
        rotate 2                        -> ! account_closed
        revoke 2                        -> key 2 revoked
        capture 3 1                     -> captured h3 1 = l1:1, released 1
        balance                         -> available 8, posted 8
        ",
    );
}

#[test]
fn closing_may_forfeit_what_is_free_and_later_what_holds_release() {
    check(
        "
        policy close.remainder forfeit
        grant promotional 9
        grant promotional 1
        hold 2
        hold 2
        hold 1
        freeze lots 2
        close                           -> closed; l1 forfeited 4; l2 forfeited 1
        capture 3 1                     -> captured h3 1 = l1:1, released 1; l1 forfeited 1
        void 4                          -> voided h4, released 2; l1 forfeited 2
        balance                         -> posted 1, held 1
        ",
    );
}

/// What was paid for is owed to the holder and what was granted is forfeited, also what holds release later.
#[test]
fn closing_may_settle_what_was_paid_for() {
    check(
        "
        policy close.remainder settle
        top_up p10
        grant promotional 5
        hold 3                          -> held 3 = l1:3 until 10m
        close                           -> closed; withdrawn; l2 forfeited 5
        balance                         -> posted 3, held 3
        void 3                          -> voided h3, released 3; withdrawn
        balance                         -> nothing
        ",
    );
}

/// Debt is repaid first of what was paid for, and what is frozen stays where it is.
#[test]
fn a_settlement_takes_what_is_owed_and_leaves_what_is_frozen() {
    check(
        "
        policy close.remainder settle
        policy overrun.rule debt
        top_up p10
        top_up p10
        freeze lots 2
        freeze amount 1
        close                           -> closed; withdrawn
        balance                         -> posted 11, frozen 11
        ",
    );
}

/// What a refund repays of the debt is not repaid a second time out of what comes back with it.
#[test]
fn a_refund_to_an_account_that_was_settled_repays_its_debt_once() {
    check(
        r#"
        policy overrun.rule debt
        policy overrun.beyond_credit_line receivable
        policy close.remainder settle
        top_up p10                      -> topped up 10
        hold input_tokens=1             -> held 1 = l1:1 until 10m
        capture 2 input_tokens=14       -> captured h2 14 = l1:10 + debt 4, released 0
        close                           -> closed
        refund 3                        -> refunded d3 14 = l1:10 + debt 4; withdrawn
        balance                         -> nothing
        "#,
    );
}

#[test]
fn a_hold_that_expires_on_a_closed_account_forfeits_what_it_gives_back() {
    check(
        r#"
        policy close.remainder forfeit
        grant promotional 5
        hold 2
        close                           -> closed; l1 forfeited 3
        wait 11m
        sweep                           -> h2 expired at 10m, released 2; l1 forfeited 2
        balance                         -> nothing
        "#,
    );
}
