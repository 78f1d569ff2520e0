//! An account: what may be asked of it, what happened to it, and the fold of one into the other.

pub mod command;
mod decide;
pub mod event;
mod evolve;
mod liability;
mod lot;
pub mod records;
mod refusal;
mod state;

pub use command::{Command, PastDebit, PastHold};
pub use decide::{Eligibility, Refundable, decide};
pub use event::Event;
pub use liability::{LiabilityCap, PaymentBehind};
pub use lot::{Bucket, Lot};
pub(crate) use records::paid_in_all;
pub use refusal::{Noun, Refusal};
pub use state::{Account, Balance, Freeze, FreezeScope, Hold, Inconsistency, Key, KeyState, Status, Totals};
