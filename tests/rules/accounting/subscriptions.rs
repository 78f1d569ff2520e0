//! Periods of subscriptions: paid at once, paid later, never paid.

use super::facts::check;

#[test]
fn a_period_that_is_paid_at_once_is_a_payment() {
    check(
        "
        subscribed
            nothing
        period_granted 1 p1 9.90 for 300 paid
            assets:processor-clearing:stripe 9.90 USD
            liabilities:deferred-revenue -9.90 USD
            equity:credits:issued:subscription 300 credits
            liabilities:credits:outstanding:paid -300 credits
        ",
    );
}

/// What was used of a period before it is paid is earned when it is paid; until then its price is owed and unearned.
#[test]
fn a_period_that_is_paid_later_has_no_cost_until_then() {
    check(
        "
        subscribed
        period_granted 1 p1 9.90 for 300
            assets:receivables:subscriptions 9.90 USD
            liabilities:unearned-periods -9.90 USD
            equity:credits:issued:subscription 300 credits
            liabilities:credits:outstanding:paid -300 credits
        debited 100 lots 2:100
            liabilities:credits:outstanding:paid 100 credits
            equity:credits:used -100 credits
        lot_expired 2 50
            liabilities:credits:outstanding:paid 50 credits
            equity:credits:expired -50 credits
        period_paid 1 p1 2 9.90 tax 0.99
            assets:processor-clearing:stripe 10.89 USD
            liabilities:tax -0.99 USD
            liabilities:unearned-periods 9.90 USD
            assets:receivables:subscriptions -9.90 USD
            revenue:breakage:expired -1.65 USD
            revenue:usage -3.30 USD
            liabilities:deferred-revenue -4.95 USD
        ",
    );
}

#[test]
fn what_can_be_paid_no_more_is_not_owed_any_more() {
    check(
        "
        subscribed
        period_granted 1 p1 9.90 for 300
        period_granted 1 p2 9.90 for 300
        subscription_ended 1 unpaid
            liabilities:unearned-periods 19.80 USD
            assets:receivables:subscriptions -19.80 USD
        lot_reclaimed 2 300
            liabilities:credits:outstanding:paid 300 credits
            equity:credits:reclaimed -300 credits
        ",
    );
    check(
        "
        subscribed
        period_granted 1 p1 9.90 for 300
        subscription_ended 1 cancelled
            nothing
        lot_reclaimed 2 100
            liabilities:unearned-periods 9.90 USD
            assets:receivables:subscriptions -9.90 USD
            liabilities:credits:outstanding:paid 100 credits
            equity:credits:reclaimed -100 credits
        lot_reclaimed 2 100
            nothing in money
        ",
    );
}
