//! Proof: builds compared with clean ones, random histories, and checks without a build.

pub mod check;
pub mod history;
pub mod sample;
pub mod scratch;
pub mod verify;
