//! The read models, one file each beside its SQL.

pub(crate) mod accounts;
pub(crate) mod balances;
pub(crate) mod calls;
pub(crate) mod cases;
pub(crate) mod disputes;
pub(crate) mod entries;
pub(crate) mod folds;
pub(crate) mod holds;
pub(crate) mod lots;
pub(crate) mod orders;
pub(crate) mod payouts;
pub(crate) mod statements;
pub(crate) mod subscriptions;
pub(crate) mod usage;
pub(crate) mod versions;

use crate::model::Model;

/// Every model, without rows.
pub(crate) fn all() -> Vec<Box<dyn Model>> {
    vec![
        Box::new(accounts::Accounts::default()),
        Box::new(balances::Balances::default()),
        Box::new(lots::Lots::default()),
        Box::new(holds::Holds::default()),
        Box::new(calls::Calls::default()),
        Box::new(usage::Usage::default()),
        Box::new(entries::Entries::default()),
        Box::new(orders::Orders::default()),
        Box::new(payouts::Payouts::default()),
        Box::new(disputes::Disputes::default()),
        Box::new(cases::Cases::default()),
        Box::new(subscriptions::Subscriptions::default()),
        Box::new(statements::Statements::default()),
        Box::new(versions::Versions::default()),
        Box::new(folds::Folds::default()),
    ]
}
