//! The gateway over real sockets: a scripted provider on one side, a caller on the other, the ledger in between.

mod cases;
mod openai_client;
mod providers;
mod scenarios;
mod settlement;
mod streams;
mod world;
