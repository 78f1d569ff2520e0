//! The terms of five services, clause by clause, through the HTTP API with a clock that is moved by hand: at the edge
//! on both sides. A test is named after its clause: `z6_original_channel_until_day_90`.

mod aiproxynode;
mod buying;
mod coverage;
mod documents;
mod imini;
mod measuring;
mod pixapi;
mod service;
mod z_image;
mod zivv;
