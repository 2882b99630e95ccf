//! How a command ends, and the exit code that says so.

use std::process::ExitCode;

use crate::stop::Signal;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Done,
    /// The site has errors.
    SiteHasErrors,
    /// Wrong usage or configuration.
    Usage,
    /// The file system failed.
    FileSystem,
    /// A signal stopped it.
    Stopped(Signal),
    /// A database or the network failed.
    Network,
    /// A guard or the fence refused.
    Refused,
    /// A bug of ours.
    Bug,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::SiteHasErrors => 1,
            Exit::Usage => 2,
            Exit::FileSystem => 3,
            Exit::Stopped(signal) => 128 + signal.number(),
            Exit::Network => 4,
            Exit::Refused => 5,
            Exit::Bug => 70,
        })
    }
}
