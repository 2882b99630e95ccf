//! Increments that can be trusted: proof, explanation, and what becomes of a site when its disk,
//! its state or its build is treated badly.

mod bad_states;
mod caches;
mod explanations;
mod faults;
mod memory;
mod stops;
mod verify;
