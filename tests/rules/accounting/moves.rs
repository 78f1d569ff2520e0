//! Migrations: what was paid for credits travels with them.

use super::facts::check;

/// Half of 1.01 is 50 cents where it goes, and 50 or 51 where it came from: the cent shows as rounding at once.
#[test]
fn a_migration_travels_at_its_part_of_the_price() {
    check(
        "
        topped_up o1 1.01 for 4
        granted promotional 3
        migration_started lots 1:2,2:3
            liabilities:deferred-revenue 0.50 USD
            liabilities:in-transit -0.50 USD
            liabilities:credits:outstanding:paid 2 credits
            liabilities:credits:outstanding:promotional 3 credits
            liabilities:credits:in-transit -5 credits
        migration_completed 3
            nothing
        debited 2 lots 1:2
            liabilities:deferred-revenue 0.51 USD
            revenue:usage -0.51 USD
            liabilities:credits:outstanding:paid 2 credits
            equity:credits:used -2 credits
        ",
    );
    check(
        "
        lot_received 2 paid 1.01 for 4 by stripe
            liabilities:in-transit 0.50 USD
            liabilities:deferred-revenue -0.50 USD
            liabilities:credits:in-transit 2 credits
            liabilities:credits:outstanding:paid -2 credits
        lot_received 3 source promotional
            liabilities:credits:in-transit 3 credits
            liabilities:credits:outstanding:promotional -3 credits
        debited 1 lots 1:1
            liabilities:deferred-revenue 0.25 USD
            revenue:usage -0.25 USD
            liabilities:credits:outstanding:paid 1 credits
            equity:credits:used -1 credits
        refund_requested o1 original
        refund_approved 4
        refund_reclaimed 4 lots 1:1 amount 0.25
        refund_paid 4
            liabilities:refunds-payable 0.25 USD
            assets:processor-clearing:stripe -0.25 USD
        ",
    );
}

/// 1.00 for 3, one after the other: each travels as 33 cents, and the last cent of the lot stays here as rounding.
#[test]
fn the_cent_that_differs_is_booked_at_once_and_undone_with_a_reversal() {
    check(
        "
        topped_up o1 1.00 for 3
        migration_started lots 1:1
        migration_started lots 1:1
        migration_started lots 1:1
            liabilities:deferred-revenue 0.34 USD
            liabilities:in-transit -0.33 USD
            revenue:rounding -0.01 USD
            liabilities:credits:outstanding:paid 1 credits
            liabilities:credits:in-transit -1 credits
        migration_reversed 4 lots 1:1
            liabilities:in-transit 0.33 USD
            revenue:rounding 0.01 USD
            liabilities:deferred-revenue -0.34 USD
            liabilities:credits:in-transit 1 credits
            liabilities:credits:outstanding:paid -1 credits
        ",
    );
}

/// What was paid before the log kept providers: nobody knows which clearing account it came through.
#[test]
fn an_unknown_provider_has_a_clearing_account_without_a_name() {
    check(
        "
        lot_received 2 paid 1.00 for 2
        refund_requested o1 original
        refund_approved 2
        refund_reclaimed 2 lots 1:2 amount 1.00
        refund_paid 2
            liabilities:refunds-payable 1.00 USD
            assets:processor-clearing -1.00 USD
        ",
    );
}
