//! The last commits of content files, asked of git: of a whole history once, and then of what has come
//! to it. Knows nothing of what anybody does with a date.
//!
//! Laws. A file's last commit is the latest of all that lead to the one that is checked out and change
//! the file, so that what has come to a history only needs to be added to what was known of it. Neither
//! settings of the machine nor of the user decide, nor what is not committed. In a shallow clone the
//! commits at its edge seem to make every file; they are not counted, and what they hide is not known.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use rustc_hash::FxHashMap;

use super::FOLDER;
use crate::digest::Digest;

/// What is checked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The commit; `None` where there is none yet.
    commit: Option<String>,
    /// The commits at the edge of a shallow clone.
    edge: Vec<String>,
}

/// The times of last commits by path below `content/`, in seconds since 1970.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Commits {
    /// Of Markdown files.
    pub times: FxHashMap<Box<str>, i64>,
    /// Whether these are all, rather than those since an earlier moment.
    pub all: bool,
}

impl Head {
    /// That of the clone that holds the folder `root`. The error is for the person who builds.
    pub fn of(root: &Path) -> Result<Self, String> {
        let asked = ["rev-parse", "--is-shallow-repository", "--git-path", "shallow", "HEAD"];
        let done = git(root).args(asked).output().map_err(no_git)?;
        let (told, talk) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        let mut lines = told.lines();
        let (Some(is_shallow), Some(edge)) = (lines.next(), lines.next()) else { return Err(problem(&talk)) };
        let commit = lines.next().filter(|_| done.status.success()).map(str::to_owned);
        if commit.is_none() && !["ambiguous argument", "unknown revision"].iter().any(|words| talk.contains(words)) {
            return Err(problem(&talk));
        }
        let mut of_clone = Self { commit, edge: Vec::new() };
        if is_shallow == "true" {
            let text =
                std::fs::read_to_string(root.join(edge)).map_err(|error| format!("cannot read {edge}: {error}"))?;
            of_clone.edge = text.lines().map(str::to_owned).collect();
        }
        Ok(of_clone)
    }

    /// Whether the history ends where the clone does.
    pub fn is_shallow(&self) -> bool {
        !self.edge.is_empty()
    }

    /// Names this moment of this history.
    pub fn key(&self) -> String {
        let commit = self.commit.as_deref().unwrap_or("none");
        match self.edge.is_empty() {
            true => commit.to_owned(),
            false => format!("{commit} {}", Digest::of_parts(self.edge.iter().map(|edge| edge.as_bytes()))),
        }
    }

    /// The last commits of content files, or those since the moment called `known` where that is earlier in
    /// the same history.
    pub fn commits(&self, root: &Path, known: Option<&str>) -> Result<Commits, String> {
        let Some(commit) = &self.commit else { return Ok(Commits { all: true, ..Commits::default() }) };
        let since = known.filter(|known| !self.is_shallow() && is_commit(known) && leads_to(root, known, commit));
        let range = since.map_or_else(|| commit.clone(), |since| format!("{since}..{commit}"));
        let mut log = git(root);
        // Of a merge only what is as in none of its parents is changed by it.
        log.args(["log", "-z", "--format=%x01%H %ct", "--name-only", "--diff-merges=combined", "--no-renames"]);
        log.args(["--full-history", "--relative", "--no-ext-diff", "--no-color", &range, "--", FOLDER]);
        let mut child = log.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(no_git)?;
        let talk = child.stderr.take().map(|talk| std::thread::spawn(move || read_all(talk)));
        let mut commits = Commits { all: since.is_none(), ..Commits::default() };
        let read = child.stdout.take().map_or(Ok(()), |told| commits.read(BufReader::new(told), &self.edge));
        let talk = talk.and_then(|talk| talk.join().ok()).unwrap_or_default();
        let ended = child.wait().map_err(no_git)?;
        read.map_err(|error| format!("what git tells cannot be read: {error}"))?;
        if ended.success() { Ok(commits) } else { Err(problem(&talk)) }
    }
}

impl Commits {
    /// Reads a log: each commit a part that begins with `\x01`, each of its files another.
    fn read(&mut self, mut log: impl BufRead, edge: &[String]) -> std::io::Result<()> {
        let edge: HashSet<&str> = edge.iter().map(String::as_str).collect();
        let (mut part, mut time) = (Vec::new(), None);
        loop {
            part.clear();
            if log.read_until(0, &mut part)? == 0 {
                return Ok(());
            }
            let text = String::from_utf8_lossy(&part);
            let text = text.trim_end_matches('\0').trim_start_matches('\n');
            if let Some(head) = text.strip_prefix('\u{1}') {
                let (commit, seconds) = head.trim_end().split_once(' ').unwrap_or_default();
                time = seconds.parse::<i64>().ok().filter(|_| !edge.contains(commit));
            } else if let (Some(time), Some(path)) = (time, content_path(text)) {
                let known = self.times.entry(path.into()).or_insert(time);
                *known = time.max(*known);
            }
        }
    }
}

/// The path below `content/` of a file that may hold a record.
fn content_path(path: &str) -> Option<&str> {
    path.strip_prefix(FOLDER)?.strip_prefix('/').filter(|path| path.ends_with(".md"))
}

fn is_commit(text: &str) -> bool {
    text.len() >= 40 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Whether one commit is an ancestor of another; not where it is no longer there.
fn leads_to(root: &Path, one: &str, other: &str) -> bool {
    let mut asked = git(root);
    asked.args(["merge-base", "--is-ancestor", one, other]).stdout(Stdio::null()).stderr(Stdio::null());
    asked.status().is_ok_and(|status| status.success())
}

/// git as it is without anybody's wishes: nothing is fetched, nobody is asked, no other program is run.
fn git(root: &Path) -> Command {
    let mut git = Command::new("git");
    for name in [
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_COMMON_DIR",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_NAMESPACE",
        "GIT_EXTERNAL_DIFF",
        "GIT_DIFF_OPTS",
        "GIT_LITERAL_PATHSPECS",
        "GIT_GLOB_PATHSPECS",
        "GIT_ICASE_PATHSPECS",
        "GIT_TRACE",
    ] {
        git.env_remove(name);
    }
    git.env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0").env("GIT_TERMINAL_PROMPT", "0");
    git.env("GIT_ALLOW_PROTOCOL", "none").env("GIT_NO_LAZY_FETCH", "1").env("GIT_NO_REPLACE_OBJECTS", "1");
    git.arg("-C").arg(root).arg("--no-pager");
    for setting in [
        "core.quotePath=false",
        "core.fsmonitor=false",
        "log.showSignature=false",
        "log.showRoot=true",
        "log.follow=false",
    ] {
        git.args(["-c", setting]);
    }
    git.stdin(Stdio::null());
    git
}

fn read_all(mut talk: impl Read) -> String {
    let mut text = Vec::new();
    // What cannot be read is not told.
    let _ = talk.by_ref().take(1 << 16).read_to_end(&mut text);
    let _ = std::io::copy(&mut talk, &mut std::io::sink());
    String::from_utf8_lossy(&text).into_owned()
}

fn no_git(error: std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "needs the program `git`, which is not here".to_owned(),
        _ => format!("git cannot be run: {error}"),
    }
}

/// What git says is wrong, in one line.
fn problem(talk: &str) -> String {
    let words = talk.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("git fails and does not say why");
    if words.contains("not a git repository") {
        return "needs a clone of a git repository, and the site is in none".to_owned();
    }
    format!("git says: {}", words.trim_start_matches("fatal: "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(log: &str, edge: &[&str]) -> Vec<(String, i64)> {
        let mut commits = Commits::default();
        let edge: Vec<String> = edge.iter().map(|edge| (*edge).to_owned()).collect();
        commits.read(log.as_bytes(), &edge).expect("a text");
        let mut times: Vec<_> = commits.times.into_iter().map(|(path, time)| (path.into(), time)).collect();
        times.sort();
        times
    }

    #[test]
    fn the_latest_commit_counts_in_whatever_order_they_come() {
        let log = "\u{1}b 20\0\ncontent/parks/a/index.md\0content/parks/a/x.toml\0\0\u{1}a 30\0\ncontent/parks/a/index.md\0content/b.md\0";
        assert_eq!(read(log, &[]), [("b.md".to_owned(), 30), ("parks/a/index.md".to_owned(), 30)]);
        assert_eq!(read(log, &["a"]), [("parks/a/index.md".to_owned(), 20)], "the edge of a clone tells nothing");
    }

    #[test]
    fn odd_logs_are_read_as_far_as_they_make_sense() {
        assert_eq!(read("\u{1}\0content/a.md\0", &[]), []);
        assert_eq!(read("content/a.md\0\u{1}x y\0content/a.md", &[]), []);
        assert_eq!(read("\u{1}x 5\0content/ä ö.md", &[]), [("ä ö.md".to_owned(), 5)]);
    }
}
