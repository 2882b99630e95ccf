//! The end-to-end tests: each is a story about a small site in a folder of its own, told to the
//! real program. They know the program's commands and files, and nothing of its inside.

mod anchors;
mod assets;
mod below_a_path;
mod commands;
mod dates;
mod dead_links;
mod dice;
mod floors;
mod golden;
mod histories;
mod hostile;
mod hosting;
mod increments;
mod interruptions;
mod mistakes;
mod pictures;
mod postgres;
mod publish;
mod serving;
mod shell;
mod site;
mod templates;
mod tree;
mod trust;
