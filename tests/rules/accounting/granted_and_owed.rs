//! Credits that nobody paid for: granted ones, those that are owed, those that the operator carries; and claims in money.

use super::facts::check;

#[test]
fn granted_credits_are_counted_and_worth_nothing() {
    check(
        "
        granted promotional 5
            equity:credits:issued:promotional 5 credits
            liabilities:credits:outstanding:promotional -5 credits
        granted compensation 1
            equity:credits:issued:compensation 1 credits
            liabilities:credits:outstanding:promotional -1 credits
        debited 2 lots 1:2
            liabilities:credits:outstanding:promotional 2 credits
            equity:credits:used -2 credits
        lot_expired 1 3
            liabilities:credits:outstanding:promotional 3 credits
            equity:credits:expired -3 credits
        usage_refunded 3 2 lots 1:2
            nothing in money
        ",
    );
}

/// What is used on debt is earned when credits that were paid for repay it.
#[test]
fn debt_is_owed_in_credits_and_earned_when_paid_credits_repay_it() {
    check(
        "
        granted promotional 1
        debited 6 lots 1:1 debt 3 absorbed 2
            liabilities:credits:outstanding:promotional 1 credits
            assets:credits:receivable 3 credits
            expenses:credits:absorbed 2 credits
            equity:credits:used -6 credits
        topped_up o1 10.00 for 10
        debt_repaid lots 3:3
            liabilities:deferred-revenue 3.00 USD
            revenue:usage -3.00 USD
            liabilities:credits:outstanding:paid 3 credits
            assets:credits:receivable -3 credits
        usage_refunded 2 2 repaid 3:2
            revenue:usage 2.00 USD
            liabilities:deferred-revenue -2.00 USD
            equity:credits:used 2 credits
            liabilities:credits:outstanding:paid -2 credits
        debited 4 debt 4
        usage_refunded 6 1 debt 1
            equity:credits:used 1 credits
            assets:credits:receivable -1 credits
        granted promotional 9
        debt_repaid lots 8:3
            liabilities:credits:outstanding:promotional 3 credits
            assets:credits:receivable -3 credits
        ",
    );
}

/// A claim is earned when it is paid; until then what it will bring is contested.
#[test]
fn a_claim_for_compensation_is_earned_when_it_is_paid() {
    check(
        "
        compensation_claimed 50.00
            assets:receivables:claims 50.00 USD
            liabilities:contested-claims -50.00 USD
        compensation_claimed 7.00/EUR
        compensation_settled 1 paid
            liabilities:contested-claims 50.00 USD
            assets:receivables:claims -50.00 USD
            assets:bank 50.00 USD
            revenue:compensation -50.00 USD
        compensation_settled 2 given_up
            liabilities:contested-claims 7.00 EUR
            assets:receivables:claims -7.00 EUR
        ",
    );
}
