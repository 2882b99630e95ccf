//! `lifthill serve`.

use std::io::IsTerminal;
use std::net::IpAddr;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use ipnet::IpNet;

use super::build::GivenArgs;
use super::console::Console;
use super::exit::Exit;
use super::global::Global;
use super::lacking::lacks_content;
use crate::config::Settings;
use crate::diagnostics::Diagnostic;
use crate::engine::Options;
use crate::serve::{Holder, Serving, Talk, serve};

/// What `serve` takes.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Build and show every change as it happens
    #[arg(long, short)]
    watch: bool,
    /// The port, or the next free one after it
    #[arg(long, short, default_value_t = 1111, value_name = "PORT")]
    port: u16,
    /// Listen on this address instead of this machine's own: 0.0.0.0 for all, in a container for instance
    #[arg(long, value_name = "ADDRESS")]
    host: Option<IpAddr>,
    /// A name that the server may be called by, besides localhost and the host of base_url
    #[arg(long = "allow-host", value_name = "NAME")]
    allowed_hosts: Vec<String>,
    /// An address or network, such as 192.168.1.7 or 192.168.1.0/24, that may build, see mistakes and read
    /// /metrics, besides this machine
    #[arg(long = "allow-edit", value_name = "ADDRESS", value_parser = network)]
    editors: Vec<IpNet>,
    /// Open a browser
    #[arg(long)]
    open: bool,
    /// Publish drafts too
    #[arg(long, short = 'D')]
    drafts: bool,
    #[command(flatten)]
    given: GivenArgs,
    /// Write every request and every build to a log in this folder, a file a day [default: logs/ in the
    /// site's]
    #[arg(long, value_name = "FOLDER", num_args = 0..=1, default_missing_value = "")]
    log: Option<PathBuf>,
}

/// A network, or the network of one address.
fn network(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<IpAddr>().map(IpNet::from).ok();
    address.or_else(|| text.parse().ok()).ok_or_else(|| "write an address or a network: 192.168.1.0/24".to_owned())
}

/// Serves the site.
pub fn run(args: &ServeArgs, global: &Global, mut settings: Settings, console: &Console) -> Result<Exit> {
    let given = args.given.given();
    given.put_over(&mut settings);
    if lacks_content(&settings, global, console) {
        return Ok(Exit::Usage);
    }
    if let Some(holder) = Holder::find(&global.root) {
        console.problem(&holder.words());
        return Ok(Exit::Usage);
    }
    let now = jiff::Timestamp::now().as_second();
    let options = Options {
        root: global.root.clone(),
        jobs: global.jobs(),
        drafts: args.drafts,
        now,
        room: global.room(),
        names: true,
        ..Options::default()
    };
    let serving = Serving {
        options,
        given,
        watch: args.watch,
        port: args.port,
        host: args.host,
        allowed_hosts: args.allowed_hosts.clone(),
        editors: args.editors.clone(),
        log: args.log.clone().map(|named| if named.as_os_str().is_empty() { global.root.join("logs") } else { named }),
        open: args.open,
        keys: std::io::stdin().is_terminal(),
    };
    serve(&serving, &settings, &Speaking(console))?;
    Ok(Exit::Done)
}

struct Speaking<'c>(&'c Console);

impl Talk for Speaking<'_> {
    fn say(&self, words: &str) {
        self.0.say(words);
    }

    fn diagnostic(&self, problem: &Diagnostic) {
        self.0.diagnostic(problem);
    }
}
