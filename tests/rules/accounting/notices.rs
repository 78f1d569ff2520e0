//! What a payment's provider says of it: money that leaves the clearing account without a decision here, and never twice.

use super::facts::check;

/// All of 12.30 with its tax and fee goes back, of which nobody had asked here: what was spent is lost on the refund.
#[test]
fn a_refund_at_the_provider_takes_its_parts_of_tax_and_fees_with_it() {
    check(
        "
        topped_up o1 10.00 for 10 tax 2.00 fee 0.30
        debited 4 lots 1:4
        payment_refunded o1 6.15 lots 1:5
            liabilities:deferred-revenue 5.00 USD
            liabilities:tax 1.00 USD
            liabilities:processor-fees 0.15 USD
            assets:processor-clearing:stripe -6.15 USD
            liabilities:credits:outstanding:paid 5 credits
            equity:credits:reclaimed -5 credits
        payment_refunded o1 12.30 lots 1:1
            liabilities:deferred-revenue 1.00 USD
            revenue:refund-differences 4.00 USD
            liabilities:tax 1.00 USD
            liabilities:processor-fees 0.15 USD
            assets:processor-clearing:stripe -6.15 USD
            liabilities:credits:outstanding:paid 1 credits
            equity:credits:reclaimed -1 credits
        ",
    );
}

/// What was refunded here is what the provider then reports: only the rest of its total is booked.
#[test]
fn a_refund_of_ours_that_the_provider_reports_is_not_booked_twice() {
    check(
        "
        topped_up o1 10.00 for 10
        refund_requested o1 original
        refund_approved 2
        refund_reclaimed 2 lots 1:10 amount 7.00
        payment_refunded o1 7.00
            nothing
        refund_paid 2
            liabilities:refunds-payable 7.00 USD
            assets:processor-clearing:stripe -7.00 USD
        payment_refunded o1 9.00
            revenue:refund-differences 2.00 USD
            assets:processor-clearing:stripe -2.00 USD
        ",
    );
}

#[test]
fn a_chargeback_of_spent_credits_is_an_expense_and_is_owed_in_credits() {
    check(
        "
        topped_up o1 10.00 for 10
        debited 4 lots 1:4
        payment_dispute_closed o1 d1 won
            nothing
        payment_dispute_closed o1 d2 lost credits 10 lots 1:6 debt 4
            liabilities:deferred-revenue 6.00 USD
            expenses:chargebacks 4.00 USD
            assets:processor-clearing:stripe -10.00 USD
            liabilities:credits:outstanding:paid 6 credits
            equity:credits:reclaimed -6 credits
            assets:credits:receivable 4 credits
            equity:credits:charged-back -4 credits
        topped_up o2 5.00 for 5
        debt_repaid lots 5:4
            liabilities:deferred-revenue 4.00 USD
            revenue:usage -4.00 USD
            liabilities:credits:outstanding:paid 4 credits
            assets:credits:receivable -4 credits
        ",
    );
}

/// A third of 10.00 was refunded at the provider; then all of it is lost. The clearing account never pays more than came in.
#[test]
fn all_that_a_provider_takes_is_at_most_what_was_paid() {
    check(
        "
        topped_up o1 10.00 for 10
        debited 10 lots 1:10
        payment_refunded o1 3.33
            revenue:refund-differences 3.33 USD
            assets:processor-clearing:stripe -3.33 USD
        payment_dispute_closed o1 d1 lost credits 10 debt 10
            expenses:chargebacks 6.67 USD
            assets:processor-clearing:stripe -6.67 USD
            assets:credits:receivable 10 credits
            equity:credits:charged-back -10 credits
        payment_refunded o1 10.00
            nothing
        ",
    );
}

/// Two disputes of parts: a dispute says the credits that its part had paid for, rounded down, and its money is told to the cent.
#[test]
fn a_dispute_of_a_part_is_booked_to_the_cent() {
    check(
        "
        topped_up o1 9.99 for 7
        payment_dispute_closed o1 d1 lost credits 2.333333333 lots 1:2.333333333
            liabilities:deferred-revenue 3.32 USD
            expenses:chargebacks 0.01 USD
            assets:processor-clearing:stripe -3.33 USD
            liabilities:credits:outstanding:paid 2.333333333 credits
            equity:credits:reclaimed -2.333333333 credits
        payment_dispute_closed o1 d2 lost credits 4.666666666 lots 1:4.666666666
            liabilities:deferred-revenue 6.66 USD
            assets:processor-clearing:stripe -6.66 USD
            liabilities:credits:outstanding:paid 4.666666666 credits
            equity:credits:reclaimed -4.666666666 credits
        ",
    );
}
