//! Lifthill: a static site generator for encyclopedias of theme parks.

pub mod digest;
pub mod paths;
pub mod stamp;
pub mod diagnostics;
pub mod fields;
pub mod config;
pub mod model;
pub mod source;
pub mod state;
pub mod render;
pub mod assets;
pub mod output;
pub mod catalog;
pub mod site;
pub mod report;
pub mod build;
pub mod metrics;
pub mod cli;
