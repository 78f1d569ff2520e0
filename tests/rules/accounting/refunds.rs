//! Refunds of orders and withdrawals: what is owed, and how it is paid out.

use super::facts::check;

#[test]
fn a_refund_by_the_original_way_leaves_the_providers_clearing_account() {
    check(
        "
        topped_up o1 10.00 for 10 tax 2.00 fee 0.30
        debited 4 lots 1:4
        refund_requested o1 original
            nothing
        refund_approved 3
            nothing
        refund_reclaimed 3 lots 1:6 amount 6.00 tax 1.20
            liabilities:deferred-revenue 6.00 USD
            liabilities:tax 1.20 USD
            liabilities:refunds-payable -7.20 USD
            liabilities:credits:outstanding:paid 6 credits
            equity:credits:reclaimed -6 credits
        refund_paid 3
            liabilities:refunds-payable 7.20 USD
            assets:processor-clearing:stripe -7.20 USD
        payment_refunded o1 7.20
            nothing
        ",
    );
}

#[test]
fn another_way_is_the_bank_and_what_differs_from_the_cost_is_a_difference() {
    check(
        "
        topped_up o1 1.00 for 3
        refund_requested o1 alternative
        refund_approved 2
        refund_reclaimed 2 lots 1:2 amount 0.50
            liabilities:deferred-revenue 0.66 USD
            revenue:refund-differences -0.16 USD
            liabilities:refunds-payable -0.50 USD
            liabilities:credits:outstanding:paid 2 credits
            equity:credits:reclaimed -2 credits
        refund_paid 2
            liabilities:refunds-payable 0.50 USD
            assets:bank -0.50 USD
        ",
    );
}

#[test]
fn a_refund_that_fails_is_undone_and_what_returns_later_is_voided() {
    check(
        "
        topped_up o1 10.00 for 10 tax 2.00 fee 0.30
        debited 4 lots 1:4
        refund_requested o1 original
        refund_approved 3
        refund_reclaimed 3 lots 1:6 amount 6.00 tax 1.20 fee 0.18 lapses
        usage_refunded 2 1 lots 1:1
        lot_reclaimed 1 1
            liabilities:deferred-revenue 1.00 USD
            revenue:refund-differences -1.00 USD
            liabilities:credits:outstanding:paid 1 credits
            equity:credits:reclaimed -1 credits
        refund_failed 3 lots 1:7
            liabilities:refunds-payable 7.38 USD
            liabilities:deferred-revenue -7.00 USD
            liabilities:tax -1.20 USD
            liabilities:processor-fees -0.18 USD
            revenue:refund-differences 1.00 USD
            equity:credits:reclaimed 7 credits
            liabilities:credits:outstanding:paid -7 credits
        ",
    );
}

#[test]
fn a_withdrawal_is_paid_from_the_bank_in_every_currency() {
    check(
        "
        topped_up o1 1.00 for 3
        topped_up o2 900/JPY for 9
        withdrawn lots 1:2,2:9 amounts 0.66,900/JPY
            liabilities:deferred-revenue 0.66 USD
            liabilities:refunds-payable -0.66 USD
            liabilities:deferred-revenue 900 JPY
            liabilities:refunds-payable -900 JPY
            liabilities:credits:outstanding:paid 11 credits
            equity:credits:withdrawn -11 credits
        refund_paid 3
            liabilities:refunds-payable 0.66 USD
            assets:bank -0.66 USD
            liabilities:refunds-payable 900 JPY
            assets:bank -900 JPY
        ",
    );
    check(
        "
        topped_up o1 1.00 for 3
        withdrawn lots 1:2 amounts 0.66
        refund_failed 2 lots 1:2
            liabilities:refunds-payable 0.66 USD
            liabilities:deferred-revenue -0.66 USD
            equity:credits:withdrawn 2 credits
            liabilities:credits:outstanding:paid -2 credits
        ",
    );
}
