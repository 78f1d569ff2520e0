//! Credits in: top-ups against the catalog (P2, P9) and grants by their source (P1).

use super::script::check;

#[test]
fn a_top_up_is_a_product_at_its_price() {
    check(
        "
        top_up p10                      -> topped up 10
        top_up p20                      -> topped up 22 until 10d
        top_up p99                      -> ! unknown_product
        top_up p10 paid 9.99            -> ! payment_mismatch
        top_up p10 paid 10.01           -> ! payment_mismatch
        top_up p20 paid 10.00           -> ! payment_mismatch
        top_up p10 currency EUR         -> ! payment_mismatch
        balance                         -> available 32, posted 32
        ",
    );
}

#[test]
fn tax_and_fees_come_on_top_and_bring_no_credits() {
    check(
        "
        top_up p10 tax 2.00             -> topped up 10
        top_up p10 fee_in USD           -> topped up 10
        top_up p10 fee_in EUR           -> ! payment_mismatch
        balance                         -> available 20, posted 20
        ",
    );
}

#[test]
fn an_older_price_is_refused_once_a_new_one_is_in_force() {
    check(
        "
        top_up p10
        catalog products.0.price.amount 12.00
        top_up p10                      -> ! payment_mismatch
        top_up p10 paid 12.00           -> topped up 10
        ",
    );
}

#[test]
fn a_grant_expires_by_its_own_end_or_by_its_sources_rule() {
    check(
        "
        grant promotional 1             -> granted 1
        grant signup 1                  -> granted 1 until 14d
        grant signup 1 ends 3d          -> granted 1 until 3d
        grant manual 1 ends 0s          -> ! invalid_time
        grant manual 1 ends -1s         -> ! invalid_time
        wait 1d
        grant signup 1                  -> granted 1 until 15d
        ",
    );
}

#[test]
fn a_grant_is_of_more_than_nothing_and_of_no_more_than_there_can_be() {
    check(
        "
        grant manual 0                  -> ! invalid_amount
        grant manual -1                 -> ! invalid_amount
        grant manual 1000000000000000000.000000001 -> ! invalid_amount
        grant manual 1000000000000000000 -> granted 1000000000000000000
        line 1000000000000000001        -> ! invalid_amount
        line -1                         -> ! invalid_amount
        line 1000000000000000000        -> line 1000000000000000000
        ",
    );
}

/// Sums may be larger than what may enter; what is written of them is read back.
#[test]
fn an_event_with_a_sum_beyond_the_range_of_one_amount_is_read_back() {
    let run = check(
        "
        grant manual 1000000000000000000
        grant manual 1000000000000000000
        hold 1
        ",
    );
    let placed = run.history.last().unwrap();
    let decoded = scrip_ledger::decode(placed.wire_name(), 1, &scrip_ledger::encode(placed)).unwrap();
    assert_eq!(&decoded, placed);
}
