//! SIGINT and SIGTERM: the work is asked to stop, which it does between two pages, keeping what is
//! done. Where it has not begun to write, it is not waited for: there is nothing to keep.

use std::io;
use std::time::Duration;

use crate::stop::{Signal, Stop};

/// How long work that has not begun to write is waited for.
const PATIENCE: Duration = Duration::from_millis(700);

/// A flag that the signals raise; from now on they no longer end the process by themselves.
#[cfg(unix)]
pub fn listen() -> io::Result<Stop> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    let stop = Stop::default();
    let flag = stop.clone();
    let told = async move {
        tokio::select! {
            _ = interrupt.recv() => Signal::Interrupt,
            _ = terminate.recv() => Signal::Terminate,
        }
    };
    let wait = move || {
        let signal = runtime.block_on(told);
        flag.ask(signal);
        std::thread::sleep(PATIENCE);
        if !flag.is_writing() {
            // As safe as pulling the plug, which every build survives.
            std::process::exit(128 + i32::from(signal.number()));
        }
    };
    std::thread::Builder::new().name("lifthill-signals".to_owned()).spawn(wait)?;
    Ok(stop)
}

/// A flag that nobody raises: here Ctrl-C ends the process, which costs a rebuild.
#[cfg(not(unix))]
pub fn listen() -> io::Result<Stop> {
    Ok(Stop::default())
}
