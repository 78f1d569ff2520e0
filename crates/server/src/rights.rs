//! Who may do what: the scopes of a token and the key of an account, against what can be done.

use serde::{Deserialize, Serialize};

/// What a token may be used for (CONTRACT: Who may do what).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Calls: holds and debits; balances and the state of keys.
    Proxy,
    /// Accounts, keys, freezes.
    Support,
    /// Credits in and back, thaws, credit lines; all queries.
    Finance,
    /// All queries and nothing else.
    Auditor,
    /// Everything.
    Admin,
}

/// Something that can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Hold, extend, capture, void, debit.
    Calls,
    /// Open accounts.
    Accounts,
    /// Issue, rotate and revoke keys.
    Keys,
    /// Freeze.
    Freeze,
    /// Lift freezes.
    Thaw,
    /// Top up and grant.
    Credits,
    /// Refund calls.
    UsageRefunds,
    /// Set credit lines.
    CreditLines,
    /// Close an account: in its holder's name with a key of it.
    Close,
    /// Claim rewards.
    Rewards,
    /// Subscribe, pay a period.
    Subscriptions,
    /// Cancel a subscription.
    CancelSubscriptions,
    /// Ask for refunds of orders, and bring evidence.
    RefundRequests,
    /// Approve and deny them, and record how they were paid out.
    RefundDecisions,
    /// Withdraw and migrate balances.
    Moves,
    /// Ask for adjustments, approve and reject what waits for a second person.
    Approvals,
    /// Record violations and breaches, close reviews, place and release legal holds.
    Conduct,
    /// File appeals and decide them.
    Appeals,
    /// Open disputes and resolve them.
    Disputes,
    /// Claim compensation from holders.
    Compensation,
    /// Publish campaigns.
    Campaigns,
    /// Close periods of the books.
    Periods,
    /// Publish catalogs and policies, end the service.
    Terms,
    /// Decide what read models leave out, and build them anew.
    Operations,
    /// Read an account and its balance.
    ReadBalance,
    /// Read the state of keys.
    ReadKeys,
    /// Read lots, orders and calls.
    ReadUsage,
    /// Read everything else.
    ReadAll,
}

/// A set of rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights(u64);

impl Rights {
    /// What an account's key may do, on its own account only.
    pub const OF_A_KEY: Self = Self::of(&[
        Right::ReadBalance,
        Right::ReadUsage,
        Right::Close,
        Right::Rewards,
        Right::CancelSubscriptions,
    ]);

    const fn of(rights: &[Right]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < rights.len() {
            bits |= 1 << rights[at] as u64;
            at += 1;
        }
        Self(bits)
    }

    /// What a scope may do.
    pub const fn of_scope(scope: Scope) -> Self {
        use Right::{
            Accounts, Appeals, Approvals, Calls, Campaigns, CancelSubscriptions, Compensation, Conduct,
            CreditLines, Credits, Disputes, Freeze, Keys, Moves, Periods, ReadAll, ReadBalance, ReadKeys,
            ReadUsage, RefundDecisions, RefundRequests, Rewards, Subscriptions, Thaw, UsageRefunds,
        };
        match scope {
            Scope::Proxy => Self::of(&[Calls, ReadBalance, ReadKeys]),
            Scope::Support => Self::of(&[Accounts, Keys, Freeze, Conduct, Appeals, Disputes, RefundRequests]),
            Scope::Finance => Self::of(&[
                Credits,
                UsageRefunds,
                Thaw,
                CreditLines,
                Rewards,
                Subscriptions,
                CancelSubscriptions,
                RefundRequests,
                RefundDecisions,
                Moves,
                Approvals,
                Disputes,
                Compensation,
                Campaigns,
                Periods,
                ReadBalance,
                ReadKeys,
                ReadUsage,
                ReadAll,
            ]),
            Scope::Auditor => Self::of(&[ReadBalance, ReadKeys, ReadUsage, ReadAll]),
            Scope::Admin => Self(u64::MAX),
        }
    }

    /// What several scopes may do together.
    pub fn of_scopes(scopes: &[Scope]) -> Self {
        Self(scopes.iter().fold(0, |bits, scope| bits | Self::of_scope(*scope).0))
    }

    /// Whether something is among them.
    pub const fn contain(self, right: Right) -> bool {
        self.0 & (1 << right as u64) != 0
    }
}
