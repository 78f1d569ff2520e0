//! What users of other ledgers and gateways complain about, and what happens here. Each test is named after what goes
//! wrong, and tells where. More of them: `gateway::scenarios` (calls under way), `api::concurrency` (overdraft).

mod campaigns;
mod expiry;
mod money;
mod periods;
mod prices;
mod privacy;
mod reading;
mod refunds;
mod small_calls;
mod terms;
mod webhooks;
