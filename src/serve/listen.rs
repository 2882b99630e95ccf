//! Listening: addresses and ports, connections and their limits. A connection that says nothing for
//! long is closed, and so is one that takes nothing of what it asked for; when there are too many, the
//! one that has not moved for longest makes room. Of each connection one answer is under way at a time,
//! however many requests it has sent ahead. Knows nothing of what is answered.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

use super::pace::{Moved, Paced};

/// A request's head must be there after so long; so long may a connection be idle.
const HEAD: Duration = Duration::from_secs(15);

/// What is under way may take so long to finish when the server stops.
const FAREWELL: Duration = Duration::from_secs(5);

/// Headers of one request, and bytes of its head.
const HEADERS: usize = 64;
const HEAD_BYTES: usize = 16 << 10;

/// Connections at once, unless the system allows fewer files: each may hold two open, itself and a file that
/// it is sent.
const CONNECTIONS: usize = 4096;

/// Ports tried after the one that was asked for.
const PORTS: u16 = 100;

/// The two ends of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    /// The other side.
    pub peer: SocketAddr,
    /// Ours.
    pub local: SocketAddr,
}

/// Binds the next free port from `port` on: on `host`, or on both loopback addresses. Where `host` cannot
/// be reached over the loopback, there is also a listener there, for commands in other terminals.
pub async fn bind(host: Option<IpAddr>, port: u16) -> Result<Vec<TcpListener>> {
    let mut last = None;
    for port in port..=port.saturating_add(PORTS) {
        match bind_at(host, port).await {
            Ok(listeners) => return Ok(listeners),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => last = Some(error),
            Err(error) => return Err(error).with_context(|| format!("cannot listen on port {port}")),
        }
    }
    match last {
        Some(error) => Err(error).with_context(|| format!("cannot listen on port {port} nor on the next {PORTS}")),
        None => bail!("cannot listen on port {port}"),
    }
}

async fn bind_at(host: Option<IpAddr>, port: u16) -> std::io::Result<Vec<TcpListener>> {
    if let Some(host) = host {
        let mut listeners = vec![TcpListener::bind((host, port)).await?];
        if !host.is_loopback() && !host.is_unspecified() {
            listeners.push(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?);
        }
        return Ok(listeners);
    }
    let four = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let port = four.local_addr()?.port();
    match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
        Ok(six) => Ok(vec![four, six]),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Err(error),
        // A machine without IPv6 is served all the same.
        Err(_) => Ok(vec![four]),
    }
}

/// One connection.
struct Connection {
    /// Whether an answer to it is being worked out, or is one that has no end.
    busy: AtomicBool,
    moved: Arc<Moved>,
    close: Notify,
}

/// All connections, oldest first.
struct Crowd {
    since: Instant,
    most: usize,
    inside: Mutex<(u64, BTreeMap<u64, Arc<Connection>>)>,
}

impl Crowd {
    /// Lets a connection in; where there are too many, the one that has not moved for longest has to go, and
    /// one that is waited for only if all are.
    fn enter(&self) -> (u64, Arc<Connection>) {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if inside.1.len() >= self.most {
            let stillest = |(_, one): &(&u64, &Arc<Connection>)| (one.busy.load(Ordering::Relaxed), one.moved.last());
            if let Some(number) = inside.1.iter().min_by_key(stillest).map(|(number, _)| *number)
                && let Some(stillest) = inside.1.remove(&number)
            {
                stillest.close.notify_one();
            }
        }
        inside.0 += 1;
        let moved = Arc::new(Moved::now(self.since));
        let connection = Connection { busy: AtomicBool::new(false), moved, close: Notify::new() };
        let (number, connection) = (inside.0, Arc::new(connection));
        inside.1.insert(number, Arc::clone(&connection));
        (number, connection)
    }

    fn leave(&self, number: u64) {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner).1.remove(&number);
    }

    fn is_empty(&self) -> bool {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner).1.is_empty()
    }
}

/// Answers everybody with `answer` until `stop` changes; then lets what is under way finish.
pub async fn serve<A, F>(listeners: Vec<TcpListener>, answer: A, stop: watch::Receiver<bool>)
where
    A: Fn(Ends, Parts) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let most = CONNECTIONS.min((files_allowed().saturating_sub(128) / 2).max(64));
    let crowd = Arc::new(Crowd { since: Instant::now(), most, inside: Mutex::default() });
    let mut accepting = Vec::new();
    for listener in listeners {
        let (answer, stop, crowd) = (answer.clone(), stop.clone(), Arc::clone(&crowd));
        accepting.push(tokio::spawn(accept(listener, answer, stop, crowd)));
    }
    for one in accepting {
        // An accept loop ends only when told to.
        let _ = one.await;
    }
    let gone = async {
        while !crowd.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let _ = tokio::time::timeout(FAREWELL, gone).await;
}

async fn accept<A, F>(listener: TcpListener, answer: A, mut stop: watch::Receiver<bool>, crowd: Arc<Crowd>)
where
    A: Fn(Ends, Parts) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => return,
        };
        let Ok((stream, peer)) = accepted else {
            // No file descriptor left, most likely: some connection will end soon.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let Ok(local) = stream.local_addr() else { continue };
        let (number, connection) = crowd.enter();
        let ends = Ends { peer, local };
        let (answer, stop, crowd) = (answer.clone(), stop.clone(), Arc::clone(&crowd));
        tokio::spawn(async move {
            converse(stream, ends, answer, stop, &connection).await;
            crowd.leave(number);
        });
    }
}

async fn converse<A, F>(
    stream: TcpStream,
    ends: Ends,
    answer: A,
    mut stop: watch::Receiver<bool>,
    connection: &Arc<Connection>,
) where
    A: Fn(Ends, Parts) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    // Small answers should not wait for more to send.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request: Request<Incoming>| {
        connection.busy.store(true, Ordering::Relaxed);
        let answered = answer(ends, request.into_parts().0);
        async move {
            let response = answered.await;
            // News for an open page has no end of its own; such a connection is never idle.
            let endless = response.headers().get("content-type").is_some_and(|kind| kind == "text/event-stream");
            connection.busy.store(endless, Ordering::Relaxed);
            Ok::<_, Infallible>(response)
        }
    });
    let conversation = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_headers(HEADERS)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(Paced::new(stream, Arc::clone(&connection.moved))), service);
    let mut conversation = pin!(conversation);
    tokio::select! {
        // How a connection ends is the other side's affair.
        _ = conversation.as_mut() => return,
        () = connection.close.notified() => return,
        _ = stop.changed() => {}
    }
    conversation.as_mut().graceful_shutdown();
    let _ = tokio::time::timeout(FAREWELL, conversation).await;
}

/// How many files this process may have open: as many as the system lets it have, if it asks.
fn files_allowed() -> usize {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let wanted = 2 * CONNECTIONS as u64 + 512;
        let limit = getrlimit(Resource::Nofile);
        let most = limit.maximum.map_or(wanted, |most| most.min(wanted));
        if limit.current.is_some_and(|current| current < most) {
            // Where it may not, there is room for fewer.
            let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: limit.maximum });
        }
        getrlimit(Resource::Nofile).current.map_or(usize::MAX, |files| files as usize)
    }
    #[cfg(not(target_os = "linux"))]
    1024
}
