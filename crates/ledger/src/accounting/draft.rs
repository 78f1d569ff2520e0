//! An entry that is being made: postings to one account and commodity come together.

use super::{AccountingError, ChartAccount, Commodity, Posting};
use crate::{Credits, Money};

/// An entry that is being made.
#[derive(Default)]
pub(super) struct Draft {
    postings: Vec<Posting>,
}

impl Draft {
    /// Adds to a posting: a debit above zero, a credit below.
    pub(super) fn post(
        &mut self,
        account: ChartAccount,
        commodity: Commodity,
        quantity: i128,
    ) -> Result<(), AccountingError> {
        if quantity == 0 {
            return Ok(());
        }
        let known = |posting: &&mut Posting| posting.commodity == commodity && posting.account == account;
        match self.postings.iter_mut().find(known) {
            Some(posting) => {
                let sum = posting.quantity.checked_add(quantity);
                posting.quantity = sum.ok_or(AccountingError::OutOfRange)?;
            }
            None => self.postings.push(Posting { account, commodity, quantity }),
        }
        Ok(())
    }

    /// Moves a quantity: a debit of one account, a credit of another.
    pub(super) fn transfer(
        &mut self,
        debit: ChartAccount,
        credit: ChartAccount,
        commodity: Commodity,
        quantity: i128,
    ) -> Result<(), AccountingError> {
        self.post(debit, commodity, quantity)?;
        self.post(credit, commodity, quantity.checked_neg().ok_or(AccountingError::OutOfRange)?)
    }

    /// The same of money.
    pub(super) fn pay(
        &mut self,
        debit: ChartAccount,
        credit: ChartAccount,
        money: Money,
    ) -> Result<(), AccountingError> {
        self.transfer(debit, credit, Commodity::Money(money.currency()), i128::from(money.minor()))
    }

    /// The same of credits.
    pub(super) fn move_credits(
        &mut self,
        debit: ChartAccount,
        credit: ChartAccount,
        credits: Credits,
    ) -> Result<(), AccountingError> {
        self.transfer(debit, credit, Commodity::Credits, credits.nanos())
    }

    /// What it has posted so far to an account of a commodity.
    pub(super) fn posted(&self, account: &ChartAccount, commodity: Commodity) -> i128 {
        let known =
            self.postings.iter().find(|known| known.commodity == commodity && known.account == *account);
        known.map_or(0, |posting| posting.quantity)
    }

    /// The postings, if each commodity comes to zero: money before credits, debits before what they are balanced by.
    pub(super) fn finish(mut self) -> Result<Vec<Posting>, AccountingError> {
        self.postings.retain(|posting| posting.quantity != 0);
        self.postings.sort_by_key(|posting| (posting.commodity == Commodity::Credits, posting.quantity < 0));
        let sum = |commodity: Commodity| {
            let of_it = self.postings.iter().filter(|posting| posting.commodity == commodity);
            of_it.map(|posting| posting.quantity).try_fold(0i128, i128::checked_add)
        };
        match self.postings.iter().map(|posting| sum(posting.commodity)).find(|sum| *sum != Some(0)) {
            None => Ok(self.postings),
            Some(Some(_)) => Err(AccountingError::Unbalanced),
            Some(None) => Err(AccountingError::OutOfRange),
        }
    }
}
