//! The provider proxy: OpenAI-compatible calls, paid from prepaid credits.
//!
//! A call is held, forwarded, metered and charged, in process with the engine. What passes through is bytes: bodies
//! are neither kept nor logged, and only what the bill needs is read of them. docs/gateway.md tells what happens when.
//!
//! - **Invariant**: a provider is called only for what a hold covers.
//! - **Invariant**: an answer that is whole (a JSON body, or the `[DONE]` of a stream) passes only when its charge is
//!   durable.
//! - **Invariant**: a hold that was placed is settled, whatever becomes of its caller; what the process cannot settle
//!   frees itself at the hold's end.

mod answer;
mod ask;
mod bare;
mod call;
mod caller;
mod config;
mod error;
mod estimate;
mod gateway;
mod ledger;
pub mod mock;
mod models;
mod sse;
mod stream;
mod units;
mod upstream;
mod whole;

pub use bare::bare_relay;
pub use config::{Config, Limits, Models, Secret, Times, Upstream, UpstreamError};
pub use gateway::{Gateway, router};
