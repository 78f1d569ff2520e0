//! Amounts of the books as texts: credits as credits, money in the currency's own places, with their sign.

use scrip_ledger::Credits;
use scrip_ledger::accounting::{ChartAccount, Commodity};
use scrip_projections::reports::ledger::Movement;

/// The billionths that a minor unit is stored as: money is posted in whole ones.
const MINOR: i128 = 1_000_000_000;

/// A quantity of a commodity: billionths of a credit, or of a minor unit.
pub(super) fn text(commodity: Commodity, quantity: i128) -> String {
    match commodity {
        Commodity::Credits => Credits::from_nanos(quantity).to_string(),
        Commodity::Money(currency) => currency.decimal(quantity / MINOR),
    }
}

/// Debits less credits.
pub(super) const fn debit(movement: &Movement) -> i128 {
    movement.debit.saturating_sub(movement.credit)
}

/// Credits less debits.
pub(super) const fn credit(movement: &Movement) -> i128 {
    movement.credit.saturating_sub(movement.debit)
}

/// Sums of some movements by account and commodity, in that order, with the part of them that is late.
pub(super) fn sums(
    movements: &[Movement],
    wanted: impl Fn(&ChartAccount) -> bool,
    side: impl Fn(&Movement) -> i128,
) -> Vec<(ChartAccount, Commodity, i128, i128)> {
    let mut sums: Vec<(ChartAccount, Commodity, i128, i128)> = Vec::new();
    for movement in movements.iter().filter(|movement| wanted(&movement.account)) {
        let quantity = side(movement);
        let late = if movement.late { quantity } else { 0 };
        let known = sums.iter_mut().find(|(account, commodity, ..)| {
            *account == movement.account && *commodity == movement.commodity
        });
        match known {
            Some((.., sum, of_late)) => {
                (*sum, *of_late) = (sum.saturating_add(quantity), of_late.saturating_add(late));
            }
            None => sums.push((movement.account.clone(), movement.commodity, quantity, late)),
        }
    }
    sums.sort_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)));
    sums
}
