//! Credits that were paid for: bought, used, given back, expired, forfeited. What was paid for them goes with them.

use super::facts::check;

#[test]
fn a_payment_defers_its_price_and_owes_what_came_on_top_of_it() {
    check(
        "
        topped_up o1 10.00 for 10 tax 2.00 fee 0.30
            assets:processor-clearing:stripe 12.30 USD
            liabilities:deferred-revenue -10.00 USD
            liabilities:tax -2.00 USD
            liabilities:processor-fees -0.30 USD
            equity:credits:issued:top-up 10 credits
            liabilities:credits:outstanding:paid -10 credits
        topped_up o2 1200/JPY for 10 by komoju
            assets:processor-clearing:komoju 1200 JPY
            liabilities:deferred-revenue -1200 JPY
            equity:credits:issued:top-up 10 credits
            liabilities:credits:outstanding:paid -10 credits
        ",
    );
}

#[test]
fn a_hold_moves_nothing_and_a_call_earns_what_its_credits_had_cost() {
    check(
        "
        topped_up o1 10.00 for 10
        hold_placed 4 lots 1:4
            nothing
        hold_captured 3 hold 2 lots 1:3
            liabilities:deferred-revenue 3.00 USD
            revenue:usage -3.00 USD
            liabilities:credits:outstanding:paid 3 credits
            equity:credits:used -3 credits
        debited 1 lots 1:1
            liabilities:deferred-revenue 1.00 USD
            revenue:usage -1.00 USD
            liabilities:credits:outstanding:paid 1 credits
            equity:credits:used -1 credits
        debited 0
            nothing
        usage_refunded 4 1 lots 1:1
            revenue:usage 1.00 USD
            liabilities:deferred-revenue -1.00 USD
            equity:credits:used 1 credits
            liabilities:credits:outstanding:paid -1 credits
        adjusted lots 1:2
            liabilities:deferred-revenue 2.00 USD
            revenue:usage -2.00 USD
            liabilities:credits:outstanding:paid 2 credits
            equity:credits:used -2 credits
        ",
    );
}

/// 1.00 for 3 credits: a third is 33 cents, two thirds are 66, all of it is 100. No residue is left, however it is spent.
#[test]
fn revenue_of_a_lot_is_allocated_cumulatively() {
    check(
        "
        topped_up o1 1.00 for 3
        debited 1 lots 1:1
            liabilities:deferred-revenue 0.33 USD
            revenue:usage -0.33 USD
            liabilities:credits:outstanding:paid 1 credits
            equity:credits:used -1 credits
        debited 1 lots 1:1
            liabilities:deferred-revenue 0.33 USD
            revenue:usage -0.33 USD
            liabilities:credits:outstanding:paid 1 credits
            equity:credits:used -1 credits
        debited 0.999999999 lots 1:0.999999999
            liabilities:deferred-revenue 0.33 USD
            revenue:usage -0.33 USD
            liabilities:credits:outstanding:paid 0.999999999 credits
            equity:credits:used -0.999999999 credits
        debited 0.000000001 lots 1:0.000000001
            liabilities:deferred-revenue 0.01 USD
            revenue:usage -0.01 USD
            liabilities:credits:outstanding:paid 0.000000001 credits
            equity:credits:used -0.000000001 credits
        ",
    );
}

/// Bonus credits come with those that were bought, in one lot: each has its part of the price.
#[test]
fn bonus_credits_share_the_price() {
    check(
        "
        topped_up o1 20.00 for 25
        debited 5 lots 1:5
            liabilities:deferred-revenue 4.00 USD
            revenue:usage -4.00 USD
            liabilities:credits:outstanding:paid 5 credits
            equity:credits:used -5 credits
        ",
    );
}

/// Breakage is recognised when credits expire or are forfeited, and not before.
#[test]
fn breakage_is_what_expired_or_was_forfeited() {
    check(
        "
        topped_up o1 10.00 for 10
        lot_expired 1 2
            liabilities:deferred-revenue 2.00 USD
            revenue:breakage:expired -2.00 USD
            liabilities:credits:outstanding:paid 2 credits
            equity:credits:expired -2 credits
        lot_forfeited 1 3
            liabilities:deferred-revenue 3.00 USD
            revenue:breakage:forfeited -3.00 USD
            liabilities:credits:outstanding:paid 3 credits
            equity:credits:forfeited -3 credits
        lot_reinstated 1 1
            revenue:breakage:forfeited 1.00 USD
            liabilities:deferred-revenue -1.00 USD
            equity:credits:forfeited 1 credits
            liabilities:credits:outstanding:paid -1 credits
        ",
    );
}

/// A cent of 1.00 for 3 credits: it never wanders between what expired and what was used.
#[test]
fn a_call_moves_no_cent_of_what_expired() {
    check(
        "
        topped_up o1 1.00 for 3
        lot_expired 1 1
            liabilities:deferred-revenue 0.33 USD
            revenue:breakage:expired -0.33 USD
            liabilities:credits:outstanding:paid 1 credits
            equity:credits:expired -1 credits
        debited 2 lots 1:2
            liabilities:deferred-revenue 0.67 USD
            revenue:usage -0.67 USD
            liabilities:credits:outstanding:paid 2 credits
            equity:credits:used -2 credits
        ",
    );
}
