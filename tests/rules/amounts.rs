//! Amounts and limits: what a size may be, rounding, and how much of everything there may be.

use super::script::check;

#[test]
fn a_size_is_not_negative_and_not_out_of_range() {
    check(
        "
        grant promotional 5
        hold -1                         -> ! invalid_amount
        debit -1                        -> ! invalid_amount
        debit 1000000000000000000.1     -> ! invalid_amount
        debit output_tokens=1000000000000000 -> ! insufficient_credits, available 5, required 2000000000000000
        hold 2
        capture 2 -1                    -> ! invalid_amount
        extend 2 -1                     -> ! invalid_amount
        ",
    );
}

#[test]
fn a_book_that_rates_usage_takes_no_amount() {
    check(
        "
        policy holds.amount_allowed false
        grant promotional 5
        hold 1                          -> ! amount_not_allowed
        debit 1                         -> ! amount_not_allowed
        hold input_tokens=1             -> held 1 = l1:1 until 10m
        extend 2 2                      -> ! amount_not_allowed
        capture 2 1                     -> ! amount_not_allowed
        capture 2 input_tokens=1,output_tokens=0.5 -> captured h2 2 = l1:2, released 0
        ",
    );
}

#[test]
fn a_calls_total_is_rounded_once_by_the_books_rule() {
    let rated = |rounding: &str, images: &str, expected: &str| {
        check(&format!(
            "policy rounding {rounding}\n grant manual 1\n debit images={images} -> debited {expected}"
        ));
    };
    rated("half_even", "1", "0");
    rated("half_even", "3", "0.000000002 = l1:0.000000002");
    rated("half_even", "1.000001", "0.000000001 = l1:0.000000001");
    rated("up", "1", "0.000000001 = l1:0.000000001");
    rated("up", "0.000001", "0.000000001 = l1:0.000000001");
    rated("up", "0", "0");
    // Each unit alone would round down to nothing.
    rated("half_even", "0.6,input_tokens=0.000001", "0.000001 = l1:0.000001");
}

#[test]
fn an_account_has_at_most_a_thousand_keys_and_freezes() {
    check(&format!("{} key -> ! limit_reached", "key\n ".repeat(1_000)));
    check(&format!("{} freeze account -> ! limit_reached", "freeze account\n ".repeat(1_000)));
}

#[test]
fn an_account_has_at_most_four_thousand_open_holds_and_lots() {
    let mut run = check("grant manual 1");
    run.repeat("hold 0", 4_000);
    assert_eq!(run.line("hold 0"), "! limit_reached");
    let mut run = check("open");
    run.repeat("grant manual 1", 4_000);
    assert_eq!(run.line("grant manual 1"), "! limit_reached");
    assert_eq!(run.line("top_up p10"), "! limit_reached");
    assert_eq!(run.line("freeze amount 1"), "frozen amount 1");
}

/// A store takes 10,000 events in a group. An account whose expiries were more than that could never do anything again.
#[test]
fn expiries_are_recorded_in_steps_that_a_store_takes() {
    let mut run = check("policy freeze.open_holds void");
    run.repeat("grant manual 1 ends 1m", 4_000);
    run.repeat("hold 1", 4_000);
    run.line("wait 1h");
    assert_eq!(run.line("debit 0"), "! limit_reached");
    run.repeat("sweep", 1);
    let recorded = |run: &super::script::Script| run.history.len() - 8_001;
    assert_eq!(recorded(&run), 4_000);
    run.repeat("debit 0", 1);
    assert_eq!(recorded(&run), 8_001);
    assert_eq!(run.line("sweep"), "nothing");
}

#[test]
fn a_full_account_is_closed_and_frozen_in_one_step() {
    let mut run = check("policy freeze.open_holds void\n policy close.remainder forfeit");
    run.repeat("grant manual 2 ends 1m", 4_000);
    run.repeat("hold 1", 4_000);
    run.line("wait 2m");
    run.line("sweep");
    let before = run.history.len();
    run.line("freeze account");
    assert!(run.history.len() - before < 10_000);
    let mut run = check("policy close.remainder forfeit");
    run.repeat("grant manual 1", 4_000);
    let before = run.history.len();
    run.line("close");
    assert_eq!(run.history.len() - before, 4_001);
}
