//! Subscriptions: credits by the period.

use serde::{Deserialize, Serialize};

use super::Payment;
use crate::time::Period;
use crate::{Credits, Money, Timestamp, Token};

payloads! {
    /// A plan is subscribed to. Its first period is the next event.
    Subscribed {
        /// The plan.
        plan: Token,
        /// How long a period is.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        every: Period,
    }
    /// A period begins: its credits are a lot, whose cost basis is its payment (I1).
    PeriodGranted {
        /// The subscription.
        subscription: u64,
        /// Which period, from 1.
        period: u32,
        /// When it begins; the event takes effect then.
        from: Timestamp,
        /// When it ends.
        until: Timestamp,
        /// How long periods are from this one on, where the plan has changed that: they are counted from its beginning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
        every: Option<Period>,
        /// The order of this period.
        order_id: Token,
        /// Its price, before tax and fees.
        price: Money,
        /// Its payment. A period that began by itself is paid later, if at all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payment: Option<Payment>,
        /// The credits that it brings.
        credits: Credits,
        /// When they expire.
        expires_at: Timestamp,
        /// The lot's place in a burn order by priority.
        priority: u16,
        /// The version of the catalog that it goes by (I7).
        catalog: u32,
    }
    /// A period that began by itself was paid.
    PeriodPaid {
        /// The subscription.
        subscription: u64,
        /// The order of the period: the first one that was not paid.
        order_id: Token,
        /// Its credits.
        lot: u64,
        /// The payment.
        payment: Payment,
    }
    /// A subscription will end with its period (I2).
    SubscriptionCancelled {
        /// The subscription.
        subscription: u64,
        /// When.
        ends_at: Timestamp,
        /// Who cancelled it.
        by: Token,
    }
    /// A subscription has ended: no more credits come of it; those that came last as long as they last (I2).
    SubscriptionEnded {
        /// The subscription.
        subscription: u64,
        /// Why, as a code: `cancelled`, `unpaid`, `plan_withdrawn`, `account_closed`, `service_ended`.
        reason: Token,
        /// When; the event takes effect then.
        ended_at: Timestamp,
    }
}
