//! A connection that keeps moving: notes when bytes last went through, and ends where the other side
//! takes nothing of what it asked for. Knows nothing of what goes through.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// Whoever takes nothing for so long has gone.
const STALL: Duration = Duration::from_secs(30);

/// When bytes last went through a connection, in milliseconds since the server began.
#[derive(Debug)]
pub struct Moved {
    since: Instant,
    last: AtomicU64,
}

impl Moved {
    /// Just now.
    pub fn now(since: Instant) -> Self {
        let moved = Self { since, last: AtomicU64::new(0) };
        moved.note();
        moved
    }

    /// The moment.
    pub fn last(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }

    fn note(&self) {
        self.last.store(self.since.elapsed().as_millis() as u64, Ordering::Relaxed);
    }
}

/// A stream whose movements are noted.
pub struct Paced {
    stream: TcpStream,
    moved: Arc<Moved>,
    /// Runs while there is something to write that nobody takes.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Paced {
    /// `stream`, whose movements `moved` notes.
    pub fn new(stream: TcpStream, moved: Arc<Moved>) -> Self {
        Self { stream, moved, stalled: None }
    }

    /// What came of writing: once nothing has been taken for too long, the end.
    fn written(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if outcome.is_ready() {
            self.stalled = None;
            self.moved.note();
            return outcome;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(STALL)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Paced {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let outcome = ready!(Pin::new(&mut self.stream).poll_read(cx, buffer));
        self.moved.note();
        Poll::Ready(outcome)
    }
}

impl AsyncWrite for Paced {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.written(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
