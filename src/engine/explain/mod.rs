//! Explanations: why a page was made, what a change would touch, and what is different.

pub mod differences;
pub mod impact;
pub mod named;
pub mod previous_inputs;
pub mod why;
