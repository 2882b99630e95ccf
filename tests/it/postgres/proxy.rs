//! A way to a server that breaks: a proxy that counts what the server says and, after so many
//! bytes, cuts the connection or holds it up.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

/// A proxy before a server. It ends with the test.
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    /// Bytes that the server has said since the limit was set.
    passed: AtomicUsize,
    /// From there on nothing passes.
    limit: AtomicUsize,
    /// Who is told at the limit, and waited for, before everything passes; without one, connections
    /// are cut.
    held: Mutex<Option<(Sender<()>, Receiver<()>)>>,
}

/// A connection that will be held up.
pub struct Held {
    reached: Receiver<()>,
    /// Dropped, it lets everything pass.
    _resume: Sender<()>,
}

impl Held {
    /// Waits until it is held up.
    pub fn wait(&self) {
        self.reached.recv_timeout(std::time::Duration::from_secs(60)).expect("the server says as much");
    }
}

impl Proxy {
    /// A proxy before the server at `port`, which lets everything pass.
    pub fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let own = listener.local_addr().expect("its number").port();
        let held = Mutex::new(None);
        let shared = Arc::new(Shared { passed: AtomicUsize::new(0), limit: AtomicUsize::new(usize::MAX), held });
        let all = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                let (said, asked) = (client.try_clone().expect("a socket"), server.try_clone().expect("a socket"));
                let all = Arc::clone(&all);
                std::thread::spawn(move || pass(client, asked, None));
                std::thread::spawn(move || pass(server, said, Some(&all)));
            }
        });
        Self { port: own, shared }
    }

    /// The port of the proxy.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Bytes that the server has said since the limit was set.
    pub fn passed(&self) -> usize {
        self.shared.passed.load(Ordering::SeqCst)
    }

    /// Cuts every connection once the server has said so many bytes more.
    pub fn cut_after(&self, bytes: usize) {
        self.shared.passed.store(0, Ordering::SeqCst);
        self.shared.limit.store(bytes, Ordering::SeqCst);
    }

    /// Lets everything pass.
    pub fn mend(&self) {
        self.cut_after(usize::MAX);
    }

    /// Holds a connection up once the server has said so many bytes more.
    pub fn hold_after(&self, bytes: usize) -> Held {
        let ((tell, reached), (resume, resumed)) = (channel(), channel());
        *self.shared.held.lock().expect("no panic") = Some((tell, resumed));
        self.cut_after(bytes);
        Held { reached, _resume: resume }
    }
}

/// Copies until one side ends or the limit is reached.
fn pass(mut from: TcpStream, mut to: TcpStream, counted: Option<&Shared>) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let mut allowed = read;
        if let Some(shared) = counted {
            let before = shared.passed.fetch_add(read, Ordering::SeqCst);
            let limit = shared.limit.load(Ordering::SeqCst);
            if before.saturating_add(read) > limit {
                match shared.held.lock().expect("no panic").take() {
                    Some((tell, resumed)) => {
                        shared.limit.store(usize::MAX, Ordering::SeqCst);
                        // Whoever waits no longer is gone.
                        let _ = tell.send(());
                        let _ = resumed.recv();
                    }
                    None => allowed = limit.saturating_sub(before),
                }
            }
        }
        if to.write_all(&buffer[..allowed]).is_err() || allowed < read {
            break;
        }
    }
    // An end that is gone already cannot be ended.
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
