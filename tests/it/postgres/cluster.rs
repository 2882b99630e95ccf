//! Real servers for the tests: a Postgres of its own in a temporary folder on a free port, never as
//! root; a hot standby of it; a PgBouncer in transaction mode with one connection. They end with
//! the test.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The password of every cluster; no output, state or message may hold it.
pub const PASSWORD: &str = "s3cret-w0rd";

const USER: &str = "keeper";

/// A program of the newest Postgres that Debian has installed.
fn postgres_program(name: &str) -> String {
    let versions = fs::read_dir("/usr/lib/postgresql").expect("Debian's package postgresql");
    let versions = versions.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let path = |version: u32| format!("/usr/lib/postgresql/{version}/bin/{name}");
    let newest = versions.filter(|version| Path::new(&path(*version)).exists()).max();
    path(newest.unwrap_or_else(|| panic!("no {name} below /usr/lib/postgresql; `./test` installs it")))
}

/// A Postgres, or a PgBouncer before one.
pub struct Server {
    child: Child,
    folder: TempDir,
    port: u16,
}

/// A command that is run as somebody who is not root, and that ends when we do.
fn as_nobody(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "QUIT"]);
    if is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    command.arg(program).env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
    command
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id");
    id.stdout.starts_with(b"0\n")
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number").port()
}

fn new_folder() -> TempDir {
    let folder = tempfile::Builder::new().prefix("lifthill-pg-").tempdir_in("/tmp").expect("a temporary folder");
    give_away(folder.path());
    folder
}

fn give_away(path: &Path) {
    if is_root() {
        let done = Command::new("chown").arg("postgres:postgres").arg(path).status().expect("chown");
        assert!(done.success(), "the folder can be given to postgres");
    }
}

fn ok(mut command: Command) {
    let done = command.output().unwrap_or_else(|error| panic!("{command:?} does not run: {error}"));
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?} fails:\n{said}{}", String::from_utf8_lossy(&done.stdout));
}

impl Server {
    /// A primary with an empty database `parks`.
    pub fn primary() -> Self {
        Self::primary_with(&[])
    }

    /// A primary with more settings.
    pub fn primary_with(settings: &[&str]) -> Self {
        let folder = new_folder();
        let password = folder.path().join("password");
        fs::write(&password, PASSWORD).expect("a file");
        give_away(&password);
        let mut initdb = as_nobody(&postgres_program("initdb"));
        initdb.args(["-D", &folder.path().join("data").to_string_lossy(), "-U", USER, "-A", "scram-sha-256"]);
        initdb.args(["--pwfile", &password.to_string_lossy(), "-N", "-E", "UTF8", "--locale=C.UTF-8"]);
        ok(initdb);
        let server = Self::start(folder, settings);
        server.on("postgres", "CREATE DATABASE parks");
        server
    }

    fn start(folder: TempDir, settings: &[&str]) -> Self {
        let port = free_port();
        let child = run_postgres(folder.path(), port, settings);
        let server = Self { child, folder, port };
        server.await_ready("postgres");
        server
    }

    /// From now on only encrypted connections are let in, by the certificate and key in `folder`.
    pub fn wants_tls(&self, certificates: &Path) {
        for file in ["server.pem", "server.key"] {
            let place = self.folder.path().join(file);
            fs::copy(certificates.join(file), &place).expect("a copy");
            fs::set_permissions(&place, fs::Permissions::from_mode(0o600)).expect("a file of its own");
            give_away(&place);
            let setting = if file.ends_with("pem") { "ssl_cert_file" } else { "ssl_key_file" };
            self.sql(&format!("ALTER SYSTEM SET {setting} = '{}'", place.display()));
        }
        self.sql("ALTER SYSTEM SET ssl = on");
        let rules = self.folder.path().join("data/pg_hba.conf");
        fs::write(rules, "hostssl all all 127.0.0.1/32 scram-sha-256\n").expect("the rules");
        self.sql("SELECT pg_reload_conf()");
        let start = Instant::now();
        while self.sql("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") != "t" {
            assert!(start.elapsed() < Duration::from_secs(60), "the server does not encrypt: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A hot standby of this primary.
    pub fn standby(&self) -> Self {
        self.standby_with(&[])
    }

    /// A hot standby of this primary, with more settings.
    pub fn standby_with(&self, settings: &[&str]) -> Self {
        let folder = new_folder();
        let mut copy = as_nobody(&postgres_program("pg_basebackup"));
        copy.env("PGPASSWORD", PASSWORD).args(["-D", &folder.path().join("data").to_string_lossy()]);
        copy.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", USER, "-R", "-c", "fast", "-X", "stream"]);
        ok(copy);
        Self::start(folder, &[&["hot_standby=on"], settings].concat())
    }

    /// A PgBouncer before this server.
    pub fn pooler(&self) -> Self {
        let folder = new_folder();
        let port = free_port();
        let users = folder.path().join("users");
        fs::write(&users, format!("\"{USER}\" \"{PASSWORD}\"\n")).expect("a file");
        let config = folder.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = plain\nauth_file = {}\npool_mode = transaction\ndefault_pool_size = 1\n",
            self.port,
            users.display()
        );
        fs::write(&config, text).expect("a file");
        give_away(&users);
        give_away(&config);
        let log = fs::File::create(folder.path().join("log")).expect("a log");
        let mut command = as_nobody("/usr/sbin/pgbouncer");
        command.arg(&config).stdout(Stdio::null()).stderr(log);
        let server = Self { child: command.spawn().expect("pgbouncer runs"), folder, port };
        server.await_ready("parks");
        server
    }

    /// The URL of the database `parks`.
    pub fn url(&self) -> String {
        self.url_of("parks")
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }

    /// A file that holds the URL, as settings name it: `file:/…`.
    pub fn address(&self) -> String {
        let file = self.folder.path().join("url");
        fs::write(&file, format!("{}\n", self.url())).expect("a file");
        format!("file:{}", file.display())
    }

    /// What the server has logged.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.path().join("log")).unwrap_or_default()).into_owned()
    }

    fn psql(&self, database: &str) -> Command {
        let mut psql = Command::new("psql");
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", &self.url_of(database)]);
        psql
    }

    /// Runs SQL; returns what it prints.
    #[track_caller]
    pub fn sql(&self, sql: &str) -> String {
        self.on("parks", sql)
    }

    #[track_caller]
    fn on(&self, database: &str, sql: &str) -> String {
        let done = self.psql(database).args(["-c", sql]).output().expect("psql runs");
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{sql}\n{said}");
        String::from_utf8_lossy(&done.stdout).trim_end().to_owned()
    }

    /// A session that keeps its transaction open between statements.
    pub fn session(&self) -> Session {
        let mut psql = self.psql("parks");
        let mut child = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("psql runs");
        let input = child.stdin.take().expect("its input");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        Session { child, input, output }
    }

    fn await_ready(&self, database: &str) {
        let start = Instant::now();
        loop {
            let done = self.psql(database).args(["-c", "SELECT 1"]).output().expect("psql runs");
            if done.status.success() {
                return;
            }
            let said = String::from_utf8_lossy(&done.stderr).into_owned();
            assert!(start.elapsed() < Duration::from_secs(60), "the server does not start: {said}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until this standby has replayed all that `primary` has written.
    pub fn catch_up(&self, primary: &Self) {
        let wanted = primary.sql("SELECT pg_switch_wal(); SELECT pg_current_wal_lsn()");
        let wanted = wanted.lines().last().unwrap_or_default().to_owned();
        let start = Instant::now();
        while self.sql(&format!("SELECT pg_last_wal_replay_lsn() >= '{wanted}'")) != "t" {
            assert!(start.elapsed() < Duration::from_secs(60), "the standby does not catch up");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Stops the server at once; it can be started again.
    pub fn stop(&mut self) {
        let id = self.child.id().to_string();
        drop(Command::new("kill").args(["-QUIT", &id]).status());
        drop(self.child.wait());
    }

    /// Starts a stopped Postgres again, on the same port.
    pub fn restart(&mut self) {
        self.child = run_postgres(self.folder.path(), self.port, &[]);
        self.await_ready("postgres");
    }

    /// Copies the files of a stopped Postgres from one folder of its own to another, whose files go.
    pub fn copy_data(&self, from: &str, to: &str) {
        let [from, to] = [from, to].map(|name| self.folder.path().join(name).display().to_string());
        drop(fs::remove_dir_all(&to));
        let mut copy = Command::new("cp");
        copy.args(["-a", &from, &to]);
        ok(copy);
    }

    /// Makes a standby the primary.
    pub fn promote(&self) {
        self.sql("SELECT pg_promote()");
    }

    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }
}

fn run_postgres(folder: &Path, port: u16, settings: &[&str]) -> Child {
    let log = fs::OpenOptions::new().create(true).append(true).open(folder.join("log")).expect("a log");
    let mut command = as_nobody(&postgres_program("postgres"));
    command.args(["-D", &folder.join("data").to_string_lossy(), "-p", &port.to_string()]);
    let fast = ["fsync=off", "full_page_writes=off", "shared_buffers=64MB", "max_wal_senders=4", "autovacuum=off"];
    let here = [format!("unix_socket_directories={}", folder.display()), "listen_addresses=127.0.0.1".to_owned()];
    for setting in fast.iter().copied().chain(here.iter().map(String::as_str)).chain(settings.iter().copied()) {
        command.args(["-c", setting]);
    }
    command.stdout(Stdio::null()).stderr(log).spawn().expect("postgres runs")
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A session of `psql`.
pub struct Session {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Session {
    /// Runs SQL and waits until it is done.
    pub fn run(&mut self, sql: &str) {
        writeln!(self.input, "{sql};\n\\echo ::done").expect("psql listens");
        let mut line = String::new();
        loop {
            line.clear();
            assert!(self.output.read_line(&mut line).expect("psql speaks") > 0, "psql has ended at: {sql}");
            if line.trim_end() == "::done" {
                return;
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
