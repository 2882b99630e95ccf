//! Increments that can be trusted: proof, explanation, and what becomes of a site when its disk,
//! its state or its build is treated badly.

mod bad_states;
mod caches;
mod coarse;
mod encoders;
mod explanations;
mod faults;
mod foreign;
mod memory;
mod poison;
mod stops;
mod strangers;
mod verify;
