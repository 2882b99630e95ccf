//! A running site: what the last build left is served, and with `--watch` every change is built and
//! shown as it happens. There is no second way to decide what a change means: one thread (the desk)
//! holds a build session open and runs it.
//!
//! ```text
//!  files ──watch──▶ desk ──build──▶ shelf ──answer──▶ browser
//!  other terminals ──own──▶  │ └──live──────news──────▶
//! ```
//!
//! What is served is exactly the table of outputs: a URL becomes the name of a file by a pure
//! function (`address`), and a file that is not in the table does not exist. What goes out is
//! checked against the table's digest (`bodies`), and what is under way is bounded, for each connection
//! and in all (`listen`, `pace`, `bodies`). Every request must call the server by a name of its own
//! (`guard`); the endpoints below `/__lifthill/` (`own`) answer only pages and commands of this
//! site, on this machine or where the user said. The script for live reload is put into pages on their
//! way out to those, never into `output/`.

mod address;
mod answer;
mod bodies;
mod counters;
mod desk;
mod guard;
mod holder;
mod listen;
mod live;
mod log;
mod overlay;
mod own;
mod pace;
mod ready;
mod rows;
mod shelf;
mod watch;

pub use desk::Talk;
pub use holder::Holder;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Response, StatusCode};
use crossbeam_channel::Sender;
use ipnet::IpNet;

use crate::config::{Given, Settings};
use crate::engine::{Look, Options, Session};
use answer::{Answer, Injection, answer, plain};
use counters::Counters;
use desk::{Desk, Wish};
use guard::{Guard, Refused};
use listen::Ends;
use live::Hub;
use log::{Access, Log};
use rows::Rows;
use shelf::{Edition, Shelf};

/// Threads that wait for the disk, at most.
const BLOCKING: usize = 32;

/// What a server is asked to do.
#[derive(Clone, Debug)]
pub struct Serving {
    /// The site, and how it is built.
    pub options: Options,
    /// What was said instead of what the settings say.
    pub given: Given,
    /// Whether changes are built and shown as they happen.
    pub watch: bool,
    /// The first port to try.
    pub port: u16,
    /// The address to listen on; both loopback addresses where none.
    pub host: Option<IpAddr>,
    /// More names that the server may be called by.
    pub allowed_hosts: Vec<String>,
    /// Who may edit and be told of the inside of the site, besides this machine.
    pub editors: Vec<IpNet>,
    /// The folder of the log, if one is wanted.
    pub log: Option<PathBuf>,
    /// Whether to open a browser.
    pub open: bool,
    /// Whether keys typed on standard input are for us.
    pub keys: bool,
}

/// What every request needs.
struct Server {
    root: PathBuf,
    holder: Holder,
    guard: Guard,
    shelf: Arc<Shelf>,
    hub: Arc<Hub>,
    counters: Arc<Counters>,
    log: Log,
    wishes: Sender<Wish>,
    hurry: Arc<AtomicBool>,
    watches: bool,
}

/// Serves the site until it is told to stop: by Ctrl-C, a termination signal, or `q` on a terminal.
pub fn serve(serving: &Serving, settings: &Settings, talk: &dyn Talk) -> Result<()> {
    let root = &serving.options.root;
    let session = Session::open(serving.options.clone())?;
    let counters: Arc<Counters> = Arc::default();
    let edition = Edition::new(root, session.snapshot()?, settings, None)?;
    let (wishes, wished) = crossbeam_channel::unbounded();
    let alarm = serving.watch.then(|| {
        let wishes = wishes.clone();
        // The desk is gone only at the very end.
        Box::new(move || drop(wishes.send(Wish::Look(Look::Everything)))) as Box<dyn Fn() + Send + Sync>
    });
    let shelf = Arc::new(Shelf::new(root, edition, Arc::clone(&counters), alarm));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(serving.options.jobs.clamp(2, 8))
        .thread_name("lifthill-serve")
        .max_blocking_threads(BLOCKING)
        .enable_all()
        .build()
        .context("cannot start threads")?;
    let listeners = runtime.block_on(listen::bind(serving.host, serving.port))?;
    let address = listeners.first().context("nothing to listen on")?.local_addr()?;
    // The last one is on the loopback, if any is.
    let own = listeners.last().context("nothing to listen on")?.local_addr()?;
    let token = token().context("cannot make a token for this run")?;
    let folder = Holder::root_of(root).context("the site's folder is gone")?;
    let own = if reachable(address).ip().is_loopback() { address } else { own };
    let holder = Holder { pid: std::process::id(), address: reachable(own), token: token.clone(), root: folder };
    holder.announce(root)?;

    let any_address = serving.host.is_some_and(|host| !host.is_loopback());
    let own_name = settings.site.base_url.split('/').nth(2).and_then(|host| host.split(':').next()).map(str::to_owned);
    let names = own_name.into_iter().chain(serving.allowed_hosts.iter().cloned());
    let names = names.chain(serving.host.map(|host| host.to_string()));
    let hurry: Arc<AtomicBool> = Arc::default();
    let log = serving.log.as_deref().map(Log::open).transpose()?.unwrap_or_default();
    let server = Arc::new(Server {
        root: root.clone(),
        holder: holder.clone(),
        guard: Guard::new(names, any_address, token, serving.editors.clone()),
        shelf,
        hub: Arc::default(),
        counters,
        log: log.clone(),
        wishes: wishes.clone(),
        hurry: Arc::clone(&hurry),
        watches: serving.watch,
    });
    let url = format!("http://{}{}/", reachable(address), settings.site.base_path.as_str());
    greet(serving, &url, talk);
    let desk = Desk {
        session,
        holder: holder.clone(),
        options: serving.options.clone(),
        given: serving.given.clone(),
        rows: Rows::default(),
        wishes: wishes.clone(),
        watches: serving.watch,
        hurry: Arc::clone(&hurry),
        failed: false,
        left: false,
        full_look: std::time::Duration::ZERO,
        partial: false,
        shelf: Arc::clone(&server.shelf),
        hub: Arc::clone(&server.hub),
        counters: Arc::clone(&server.counters),
        log,
        talk,
    };
    let (watching, stop_watching) = crossbeam_channel::bounded::<()>(0);
    std::thread::scope(|scope| {
        let desk = scope.spawn(move || desk.run(&wished));
        if serving.watch {
            let watching = watch::Watching {
                root,
                wishes: wishes.clone(),
                hurry: hurry.clone(),
                counters: server.counters.clone(),
            };
            scope.spawn(move || watch::watch(&watching, &stop_watching, talk));
        }
        if serving.open {
            open_browser(&url, talk);
        }
        runtime.block_on(run(listeners, &server, serving.keys, &url, talk));
        drop(watching);
        // The desk may have ended already.
        hurry.store(true, Ordering::Relaxed);
        let _ = wishes.send(Wish::Stop);
        let ended = desk.join();
        holder.withdraw(root);
        runtime.shutdown_background();
        ended.map_err(|_| anyhow::anyhow!("a bug of lifthill's: the desk panicked"))
    })
}

async fn run(listeners: Vec<tokio::net::TcpListener>, server: &Arc<Server>, keys: bool, url: &str, talk: &dyn Talk) {
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let answering = {
        let server = Arc::clone(server);
        listen::serve(
            listeners,
            move |ends, request| {
                let server = Arc::clone(&server);
                async move { respond(ends, request, &server).await }
            },
            stopped,
        )
    };
    let answering = tokio::spawn(answering);
    let mut typed = if keys { typed_keys() } else { tokio::sync::mpsc::channel(1).1 };
    let mut listening = keys;
    loop {
        tokio::select! {
            () = told_to_stop() => break,
            key = typed.recv(), if listening => match key {
                Some('r') => drop(server.wishes.send(Wish::Look(Look::Everything))),
                Some('o') => open_browser(url, talk),
                Some('q') => break,
                Some(_) => talk.say("r: build again · o: open a browser · q: quit (each with Enter)"),
                None => listening = false,
            },
        }
    }
    server.hub.close();
    // There is somebody to tell as long as the task runs.
    let _ = stop.send(true);
    let _ = answering.await;
}

/// Answers one request, and counts it.
async fn respond(ends: Ends, request: Parts, server: &Arc<Server>) -> Response<Body> {
    let start = Instant::now();
    let Answer { mut response, endpoint } = route(&ends, &request, server).await;
    response.headers_mut().entry("x-content-type-options").or_insert(HeaderValue::from_static("nosniff"));
    let elapsed = start.elapsed().as_secs_f64();
    let method = match request.method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        _ => "other",
    };
    server.counters.answered(method, endpoint, response.status().as_u16(), elapsed);
    server.log.answered(&Access {
        method: request.method.as_str(),
        path: request.uri.path(),
        endpoint,
        status: response.status().as_u16(),
        milliseconds: elapsed * 1000.0,
        agent: request.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()),
    });
    response
}

async fn route(ends: &Ends, request: &Parts, server: &Arc<Server>) -> Answer {
    if let Err(refused) = server.guard.host(&request.headers, &request.uri) {
        let response = match refused {
            Refused::NoHost => plain(StatusCode::BAD_REQUEST, "a request must say one Host"),
            _ => plain(
                StatusCode::FORBIDDEN,
                "this server is not called that; if it should be, start it with --allow-host NAME",
            ),
        };
        return Answer { response, endpoint: "refused" };
    }
    let path = request.uri.path();
    let edits = server.guard.may_edit(ends, &request.headers);
    if !edits && (path == "/metrics" || path.starts_with(own::PREFIX)) {
        return refuse_strangers();
    }
    if path == "/metrics" {
        let mut response = Response::new(Body::from(server.counters.text(server.hub.count())));
        let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        return Answer { response, endpoint: "metrics" };
    }
    if path.starts_with(own::PREFIX) {
        return Answer { response: own::answer(request, server).await, endpoint: "own" };
    }
    let base = server.shelf.edition().base.clone();
    let injection = (server.watches && edits).then(|| Injection {
        token: server.guard.token().to_owned(),
        client: base.public(own::CLIENT_PATH).to_string(),
    });
    if base.is_root() {
        return answer(request, &server.shelf, injection.as_ref()).await;
    }
    // Within the server everything goes by the site's own paths.
    let Some(inner) = address::below(path, &base) else {
        return answer::elsewhere(path, &base);
    };
    let query = request.uri.query().map_or(String::new(), |query| format!("?{query}"));
    let mut inside = request.clone();
    match format!("{inner}{query}").parse() {
        Ok(uri) => inside.uri = uri,
        Err(_) => {
            return Answer { response: plain(StatusCode::BAD_REQUEST, "that is no path"), endpoint: "refused" };
        }
    }
    if inner.starts_with(own::PREFIX) && !edits {
        return refuse_strangers();
    }
    if inner.starts_with(own::PREFIX) {
        return Answer { response: own::answer(&inside, server).await, endpoint: "own" };
    }
    answer(&inside, &server.shelf, injection.as_ref()).await
}

/// The answer for those who ask for what only editors are told.
fn refuse_strangers() -> Answer {
    let words = "only the machine that serves the site is told this; start it with --allow-edit ADDRESS for others";
    Answer { response: plain(StatusCode::FORBIDDEN, words), endpoint: "refused" }
}

fn greet(serving: &Serving, url: &str, talk: &dyn Talk) {
    let watching = if serving.watch { ", watching for changes" } else { "" };
    talk.say(&format!("Serving {url}{watching}; Ctrl-C stops it."));
    let Some(host) = serving.host.filter(|host| !host.is_loopback()) else { return };
    let drafts = if serving.options.drafts { ", drafts included" } else { "" };
    talk.say(&format!(
        "warning: listening on {host}: everybody who can reach this machine can read the site{drafts}. Requests must call it \
         by an address, by localhost, or by a name given with --allow-host."
    ));
    let editors: Vec<String> = serving.editors.iter().map(IpNet::to_string).collect();
    let who = match editors.as_slice() {
        [] => "only this machine can".to_owned(),
        editors => format!("this machine and {} can", editors.join(", ")),
    };
    talk.say(&format!(
        "  = note: {who} build, see what is wrong with the site (with lines of its files), and read /metrics."
    ));
}

/// The address under which a listener on every address is reached from here.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::new(std::net::Ipv4Addr::LOCALHOST.into(), address.port()),
        IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::new(std::net::Ipv6Addr::LOCALHOST.into(), address.port()),
        _ => address,
    }
}

/// Something that nobody can guess.
fn token() -> std::io::Result<String> {
    use std::io::Read;
    let mut bytes = [0_u8; 32];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(crate::digest::Digest::of(&bytes).to_string())
}

async fn told_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = interrupt.await;
}

/// Keys from standard input, a line each.
fn typed_keys() -> tokio::sync::mpsc::Receiver<char> {
    let (sender, receiver) = tokio::sync::mpsc::channel(4);
    // Reading a terminal cannot be cancelled; the thread ends with the process.
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            let key = line.trim().chars().next().unwrap_or('?');
            if sender.blocking_send(key).is_err() {
                return;
            }
        }
    });
    receiver
}

fn open_browser(url: &str, talk: &dyn Talk) {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    if std::process::Command::new(program).arg(url).spawn().is_err() {
        talk.say(&format!("warning: no browser could be opened; go to {url}"));
    }
}
