//! Listening: addresses and ports, connections and their limits. A connection that says nothing for
//! long is closed, and when there are too many, the one that has been idle longest makes room. Knows
//! nothing of what is answered.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

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

/// A request's head must be there after so long; so long may a connection be idle.
const HEAD: Duration = Duration::from_secs(15);

/// What is under way may take so long to finish when the server stops.
const FAREWELL: Duration = Duration::from_secs(5);

/// Headers of one request, and bytes of its head.
const HEADERS: usize = 64;
const HEAD_BYTES: usize = 16 << 10;

/// Connections at once, unless the system allows fewer files.
const CONNECTIONS: usize = 16_384;

/// Ports tried after the one that was asked for.
const PORTS: u16 = 100;

/// Binds the next free port from `port` on: on `host`, or on both loopback addresses.
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
        return Ok(vec![TcpListener::bind((host, port)).await?]);
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
#[derive(Default)]
struct Connection {
    busy: AtomicBool,
    close: Notify,
}

/// All connections, oldest first.
struct Crowd {
    most: usize,
    inside: Mutex<(u64, BTreeMap<u64, Arc<Connection>>)>,
}

impl Crowd {
    /// Lets a connection in; where there are too many, the oldest idle one has to go.
    fn enter(&self) -> (u64, Arc<Connection>) {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if inside.1.len() >= self.most {
            let idle = inside.1.iter().find(|(_, one)| !one.busy.load(Ordering::Relaxed));
            if let Some(number) = idle.map(|(number, _)| *number)
                && let Some(idle) = inside.1.remove(&number)
            {
                idle.close.notify_one();
            }
        }
        inside.0 += 1;
        let (number, connection) = (inside.0, Arc::new(Connection::default()));
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
    A: Fn(Parts) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let most = CONNECTIONS.min(files_allowed().saturating_sub(128).max(64));
    let crowd = Arc::new(Crowd { most, inside: Mutex::default() });
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
    A: Fn(Parts) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => return,
        };
        let Ok((stream, _)) = accepted else {
            // No file descriptor left, most likely: some connection will end soon.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let (number, connection) = crowd.enter();
        let (answer, stop, crowd) = (answer.clone(), stop.clone(), Arc::clone(&crowd));
        tokio::spawn(async move {
            converse(stream, answer, stop, &connection).await;
            crowd.leave(number);
        });
    }
}

async fn converse<A, F>(stream: TcpStream, answer: A, mut stop: watch::Receiver<bool>, connection: &Arc<Connection>)
where
    A: Fn(Parts) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    // Small answers should not wait for more to send.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request: Request<Incoming>| {
        connection.busy.store(true, Ordering::Relaxed);
        let answered = answer(request.into_parts().0);
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
        .pipeline_flush(true)
        .serve_connection(TokioIo::new(stream), service);
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

/// How many files this process may have open.
fn files_allowed() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(1024)
}
