//! nginx and Caddy, each started on a free port with a configuration of the test's, and stopped when
//! dropped.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::serving::{Answer, ask};

/// A running server.
pub struct Daemon {
    child: Child,
    pub address: SocketAddr,
}

/// Where Debian puts the module that sends Brotli variants.
const BROTLI: &str = "/usr/lib/nginx/modules/ngx_http_brotli_static_module.so";

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    free_ports::<1>()[0]
}

/// Several of them, no two alike.
pub fn free_ports<const N: usize>() -> [u16; N] {
    let held = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    held.map(|held| held.local_addr().expect("its address").port())
}

impl Daemon {
    /// nginx with a part for its `http` block and one for its `server` block. `own` is a folder for it.
    #[track_caller]
    pub fn nginx(own: &Path, port: u16, http: &str, server: &str) -> Self {
        fs::create_dir_all(own).expect("a folder");
        let own = own.to_str().expect("a path of letters");
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {own}/{kind};"))
            .concat();
        let text = format!(
            "load_module {BROTLI};\ndaemon off; master_process off; pid {own}/pid; error_log {own}/error.log;\n\
             events {{}}\nhttp {{ access_log off; {temporary}\n{http}\n\
             server {{ listen 127.0.0.1:{port};\n{server}\n}} }}\n"
        );
        fs::write(format!("{own}/nginx.conf"), text).expect("its configuration");
        let mut nginx = Command::new("nginx");
        nginx.args(["-e", &format!("{own}/error.log"), "-c", &format!("{own}/nginx.conf")]);
        Self::start(nginx, own, port)
    }

    /// Caddy with a text for the block of its one site.
    #[track_caller]
    pub fn caddy(own: &Path, site: &str) -> Self {
        fs::create_dir_all(own).expect("a folder");
        let (own, port) = (own.to_str().expect("a path of letters"), free_port());
        let text = format!(
            "{{\n\tadmin off\n\tauto_https off\n}}\nhttp://127.0.0.1:{port} {{\n\tbind 127.0.0.1\n{site}\n}}\n"
        );
        fs::write(format!("{own}/Caddyfile"), text).expect("its configuration");
        let mut caddy = Command::new("caddy");
        caddy.args(["run", "--config", &format!("{own}/Caddyfile"), "--adapter", "caddyfile"]);
        caddy.envs([("HOME", own), ("XDG_DATA_HOME", own), ("XDG_CONFIG_HOME", own), ("SECRET", "told")]);
        Self::start(caddy, own, port)
    }

    #[track_caller]
    fn start(mut program: Command, own: &str, port: u16) -> Self {
        let said = format!("{own}/said");
        let file = fs::File::create(&said).expect("a file");
        program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
        let name = program.get_program().to_string_lossy().into_owned();
        let child =
            program.spawn().unwrap_or_else(|error| panic!("{name} cannot be run ({error}); ./test installs it"));
        let mut daemon = Self { child, address: SocketAddr::from(([127, 0, 0, 1], port)) };
        let begun = Instant::now();
        while TcpStream::connect(daemon.address).is_err() {
            let ended = daemon.child.try_wait().expect("its state").is_some();
            let words =
                || [said.clone(), format!("{own}/error.log")].map(|file| fs::read_to_string(file).unwrap_or_default());
            assert!(!ended && begun.elapsed() < Duration::from_secs(30), "{name} does not run: {:?}", words());
            std::thread::sleep(Duration::from_millis(20));
        }
        daemon
    }

    pub fn get(&self, path: &str) -> Answer {
        ask(self.address, "GET", path, &[])
    }

    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        ask(self.address, "GET", path, headers)
    }

    /// Stops it at once.
    pub fn stop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.stop();
    }
}
