//! The words in which the tests tell their stories: a site in a temporary folder, edits, builds,
//! and what a build is expected to have done.
//!
//! Every build also proves, without being asked:
//! - a clean build of the same inputs, in another folder, time zone and number of threads, gives
//!   the same files, the same bytes, the same digest (law 1 and 4) and the same warnings;
//! - a second build renders nothing, writes nothing and touches no time (law 2), and warns of the same;
//! - nothing but `output/` and `.lifthill/` is touched, and no message holds the folder's place;
//! - where the site has mistakes, `output/` stays as it was (law 5), and a clean build finds the
//!   same mistakes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::tree::Tree;

/// A site and the temporary folder around it.
pub struct Site {
    around: TempDir,
}

/// What a build did.
#[derive(Debug)]
pub struct Built {
    code: i32,
    stderr: String,
    report: Option<Value>,
}

impl Site {
    /// A site without content.
    pub fn new() -> Self {
        let around = tempfile::Builder::new().prefix("lifthill-story-").tempdir().expect("a temporary folder");
        let site = Self { around };
        fs::create_dir_all(site.path("content")).expect("a folder in it");
        site.file("lifthill.toml", "title = 'Parks'\nbase_url = 'https://parks.example'\n")
    }

    /// Adds a park. `text` is its front matter, and after a line `+++`, if any, its body.
    pub fn park(self, key: &str, text: &str) -> Self {
        self.record(&format!("content/parks/{key}/index.md"), text)
    }

    /// Adds a ride, by `<park>/<ride>`.
    pub fn ride(self, key: &str, text: &str) -> Self {
        self.record(&ride_file(key), text)
    }

    /// Adds a company.
    pub fn company(self, key: &str, text: &str) -> Self {
        self.record(&format!("content/companies/{key}.md"), text)
    }

    /// Adds a model, by `<company>/<model>`.
    pub fn model(self, key: &str, text: &str) -> Self {
        self.record(&format!("content/models/{key}.md"), text)
    }

    /// Adds an article.
    pub fn article(self, key: &str, text: &str) -> Self {
        self.record(&format!("content/articles/{key}.md"), text)
    }

    /// Adds any file, by its path in the site's folder.
    pub fn file(self, path: &str, text: impl AsRef<[u8]>) -> Self {
        self.write(path, text);
        self
    }

    fn record(self, path: &str, text: &str) -> Self {
        self.write(path, markdown(text));
        self
    }

    /// The place of a file in the site's folder.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    fn root(&self) -> PathBuf {
        self.around.path().join("site")
    }

    /// The folder around the site's, for what lies outside it.
    pub fn outside(&self) -> &Path {
        self.around.path()
    }

    /// Writes a file, new or not.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a file in a folder")).expect("its folder");
        fs::write(path, text).expect("the file");
    }

    /// Replaces the first `from` in a file.
    #[track_caller]
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(path)).expect("a file to edit");
        assert!(text.contains(from), "{path} does not hold `{from}`:\n{text}");
        self.write(path, text.replacen(from, to, 1));
    }

    /// Removes a file or a folder.
    #[track_caller]
    pub fn remove(&self, path: &str) {
        let path = self.path(path);
        let gone = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        gone.expect("something to remove");
    }

    /// Renames a file or a folder.
    #[track_caller]
    pub fn rename(&self, from: &str, to: &str) {
        let to = self.path(to);
        fs::create_dir_all(to.parent().expect("a file in a folder")).expect("its folder");
        fs::rename(self.path(from), to).expect("something to rename");
    }

    /// What `output/` holds, and the folder of what configures servers.
    pub fn output(&self) -> Tree {
        outputs(&self.root())
    }

    /// The text of a page, by URL or file.
    #[track_caller]
    pub fn page(&self, url: &str) -> String {
        let file = file_of(url);
        let bytes = fs::read(self.path("output").join(&file)).unwrap_or_else(|error| panic!("no page {file}: {error}"));
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Whether there is a page, by URL or file.
    pub fn has(&self, url: &str) -> bool {
        self.path("output").join(file_of(url)).is_file()
    }

    /// Builds, which must go well.
    #[track_caller]
    pub fn build(&self) -> Built {
        self.build_with(&[])
    }

    /// Builds with more arguments, which must go well.
    #[track_caller]
    pub fn build_with(&self, arguments: &[&str]) -> Built {
        let built = self.try_build(arguments);
        assert!(built.code == 0, "the build ended with {}:\n{}", built.code, built.stderr);
        built
    }

    /// Builds, which must not go well.
    #[track_caller]
    pub fn fails(&self) -> Built {
        self.fails_with(&[])
    }

    /// Builds with more arguments, which must not go well.
    #[track_caller]
    pub fn fails_with(&self, arguments: &[&str]) -> Built {
        let built = self.try_build(arguments);
        assert!(built.code != 0, "the build went well:\n{}", built.stderr);
        built
    }

    /// Builds, and holds the program to its laws whatever came of it.
    #[track_caller]
    pub fn try_build(&self, arguments: &[&str]) -> Built {
        let before = self.output();
        let built = self.run(arguments);
        let pages_failed = built.files("failed") > 0;
        let pictures_failed = built.number("/pictures/failed") > 0 && built.files("total") > 0;
        if built.code == 0 || (pictures_failed && !pages_failed) {
            self.equals_a_clean_build(arguments, &built);
        }
        if built.code == 0 || pages_failed || pictures_failed {
            self.does_nothing_again(arguments, &built);
        } else {
            let touched = self.output().touched_since(&before);
            assert!(touched.is_empty(), "a build that came to nothing touched output/: {touched:#?}\n{}", built.stderr);
        }
        if built.code == 1 && !pages_failed && !pictures_failed {
            let (clean, _) = self.build_elsewhere(arguments);
            assert_eq!(clean.code, 1, "a clean build finds no mistake, but this one did:\n{}", built.stderr);
            assert_eq!(built.mistakes(), clean.mistakes(), "a clean build (right) finds other mistakes");
        }
        built
    }

    /// Builds once, and looks only at what lies outside `output/` and `.lifthill/`.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Built {
        let rest = || Tree::without(&self.root(), &["output", ".lifthill"]);
        let (before, beside) = (rest(), Tree::without(self.outside(), &["site"]));
        let built = build_in(self.outside(), "site", arguments, "UTC");
        let touched = rest().touched_since(&before);
        assert!(touched.is_empty(), "the build touched what is not its own: {touched:#?}");
        let touched = Tree::without(self.outside(), &["site"]).touched_since(&beside);
        assert!(touched.is_empty(), "the build left the site's folder: {touched:#?}");
        built
    }

    /// Runs any command: its exit code, standard output and standard error.
    #[track_caller]
    pub fn command(&self, arguments: &[&str]) -> (i32, String, String) {
        let done = program(self.outside(), "site", arguments).output().expect("the program runs");
        let text = |bytes| String::from_utf8(bytes).expect("it speaks UTF-8");
        (done.status.code().expect("it was not killed"), text(done.stdout), text(done.stderr))
    }

    /// Runs any command, told of no site, by somebody who stands in a folder of the site's.
    #[track_caller]
    pub fn command_in(&self, folder: &str, arguments: &[&str]) -> (i32, String, String) {
        let mut program = Command::new(env!("CARGO_BIN_EXE_lifthill"));
        program.args(arguments).current_dir(self.path(folder)).env_remove("RUST_BACKTRACE");
        let done = program.output().expect("the program runs");
        let text = |bytes| String::from_utf8(bytes).expect("it speaks UTF-8");
        (done.status.code().expect("it was not killed"), text(done.stdout), text(done.stderr))
    }

    /// Runs any command for somebody who does not read what it writes: its exit code and, where that is
    /// read, its standard error.
    pub fn command_unread(&self, arguments: &[&str], reads_problems: bool) -> (Option<i32>, String) {
        let mut program = program(self.outside(), "site", arguments);
        let mut child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
        drop(child.stdout.take());
        if !reads_problems {
            drop(child.stderr.take());
        }
        let done = child.wait_with_output().expect("it ends");
        (done.status.code(), String::from_utf8_lossy(&done.stderr).into_owned())
    }

    /// Starts a build on one thread.
    pub fn start(&self) -> Child {
        let mut program = program(self.outside(), "site", &["build", "--jobs", "1"]);
        program.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program runs")
    }

    /// Starts any command, its standard error to be read.
    pub fn spawn(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Child {
        let mut program = program(self.outside(), "site", arguments);
        let quiet = program.envs(variables.iter().copied()).stdin(Stdio::null()).stdout(Stdio::null());
        quiet.stderr(Stdio::piped()).spawn().expect("the program runs")
    }

    /// Starts any command by a shell script that finds the program and its arguments in `$0` and `$@`;
    /// its standard input and error are ours.
    pub fn spawn_by(&self, script: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Child {
        let mut shell = Command::new("sh");
        shell.args(["-c", script, env!("CARGO_BIN_EXE_lifthill")]).args(arguments).args(["--root", "site"]);
        shell.current_dir(self.outside()).env_remove("RUST_BACKTRACE").envs(variables.iter().copied());
        let piped = shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        piped.spawn().expect("a shell runs")
    }

    /// As [`Site::spawn_by`], to its end, with what it says on standard output.
    pub fn output_by(&self, script: &str, arguments: &[&str]) -> Output {
        let mut shell = Command::new("sh");
        shell.args(["-c", script, env!("CARGO_BIN_EXE_lifthill")]).args(arguments).args(["--root", "site"]);
        shell.current_dir(self.outside()).env_remove("RUST_BACKTRACE").stdin(Stdio::null());
        shell.output().expect("a shell runs")
    }

    /// Copies all inputs to another folder, builds there, and returns what came of it.
    #[track_caller]
    pub fn build_elsewhere(&self, arguments: &[&str]) -> (Built, Tree) {
        let elsewhere = tempfile::Builder::new().prefix("lifthill-clean-").tempdir().expect("a temporary folder");
        let root = elsewhere.path().join("another/place");
        copy(&self.root(), &root, &["output", ".lifthill"]);
        let jobs = if arguments.contains(&"--jobs") { &[][..] } else { &["--jobs", "1"] };
        let built = build_in(elsewhere.path(), "another/place", &[arguments, jobs].concat(), "Pacific/Kiritimati");
        (built, outputs(&root))
    }

    #[track_caller]
    fn equals_a_clean_build(&self, arguments: &[&str], built: &Built) {
        let (clean, expected) = self.build_elsewhere(arguments);
        assert_eq!(clean.code, built.code, "a clean build fares otherwise:\n{}", clean.stderr);
        assert_eq!(built.warnings(), clean.warnings(), "a clean build (right) has other warnings");
        let ours: Vec<String> = self.output().files().map(str::to_owned).collect();
        let foreign = ours.iter().filter(|file| file.contains("foreign")).count();
        let found: Vec<String> =
            self.output().differences(&expected).into_iter().filter(|one| !one.contains("foreign")).collect();
        assert!(found.is_empty(), "not as a clean build (right) makes it:\n{}", found.join("\n"));
        assert_eq!(built.links(), clean.links(), "a clean build (right) finds other links that lead nowhere");
        assert_eq!(built.text("/output_digest"), clean.text("/output_digest"), "the digest is not a clean build's");
        assert_eq!(built.number("/pages/total"), clean.number("/pages/total"), "the total is not a clean build's");
        let pages = ours.iter().filter(|file| file.ends_with(".html") && !file.contains("foreign")).count() as u64;
        assert_eq!(built.number("/pages/total"), pages, "pages are HTML documents");
        let files = built.files("total") + built.number("/compression/files");
        assert_eq!((ours.len() - foreign) as u64, files, "the total is not that of the files");
        assert_eq!(built.number("/compression/files"), clean.number("/compression/files"), "variants of a clean build");
    }

    #[track_caller]
    fn does_nothing_again(&self, arguments: &[&str], built: &Built) {
        let before = self.output();
        let again = self.run(arguments);
        assert_eq!(again.warnings(), built.warnings(), "building again (left) has other warnings");
        assert_eq!(built.links(), again.links(), "building again (right) finds other links that lead nowhere");
        again.rendered([]).wrote(0).removed(0);
        let made = again.number("/compression/made") + again.number("/assets_made");
        assert_eq!(made, 0, "building again compressed or minified something");
        let touched = self.output().touched_since(&before);
        assert!(touched.is_empty(), "building again touched {touched:#?}");
    }
}

impl Built {
    /// Exactly these pages were rendered: URLs, or files below `output/`; `*` stands for a
    /// fingerprint.
    #[track_caller]
    pub fn rendered<const N: usize>(&self, pages: [&str; N]) -> &Self {
        self.rendered_all(&pages)
    }

    /// Exactly these pages were rendered.
    #[track_caller]
    pub fn rendered_all(&self, pages: &[&str]) -> &Self {
        let expected: Vec<String> = pages.iter().map(|page| file_of(page)).collect();
        let found = self.rendered_files();
        let missing: Vec<_> = expected.iter().filter(|one| !found.iter().any(|file| is_like(file, one))).collect();
        let surplus: Vec<_> = found.iter().filter(|file| !expected.iter().any(|one| is_like(file, one))).collect();
        assert!(
            missing.is_empty() && surplus.is_empty(),
            "expected but not rendered: {missing:#?}\nrendered but not expected: {surplus:#?}\n{}",
            self.stderr
        );
        self
    }

    /// The files of the rendered pages.
    pub fn rendered_files(&self) -> Vec<String> {
        let report = self.report.as_ref().and_then(|report| report["rendered"].as_array());
        report.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// So many files were written.
    #[track_caller]
    pub fn wrote(&self, files: u64) -> &Self {
        assert_eq!(self.number("/files/written"), files, "files written; rendered: {:#?}", self.rendered_files());
        assert_eq!(self.number("/bytes_written") == 0, files == 0, "bytes are written with files");
        self
    }

    /// Pages and other files in all that the report counts under a word.
    pub fn files(&self, outcome: &str) -> u64 {
        self.number(&format!("/pages/{outcome}")) + self.number(&format!("/others/{outcome}"))
    }

    /// So many pages and other files were removed.
    #[track_caller]
    pub fn removed(&self, pages: u64) -> &Self {
        assert_eq!(self.files("removed"), pages, "pages removed\n{}", self.stderr);
        self
    }

    /// So many pages and other files failed.
    #[track_caller]
    pub fn failed(&self, pages: u64) -> &Self {
        assert_eq!(self.files("failed"), pages, "pages failed\n{}", self.stderr);
        self
    }

    /// The exit code.
    #[track_caller]
    pub fn exit(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "the exit code\n{}", self.stderr);
        self
    }

    /// The exit code, to be looked at.
    pub fn code(&self) -> i32 {
        self.code
    }

    /// Standard error holds this.
    #[track_caller]
    pub fn says(&self, words: &str) -> &Self {
        assert!(self.stderr.contains(words), "nobody said `{words}`:\n{}", self.stderr);
        self
    }

    /// Standard error does not hold this.
    #[track_caller]
    pub fn never_says(&self, words: &str) -> &Self {
        assert!(!self.stderr.contains(words), "somebody said `{words}`:\n{}", self.stderr);
        self
    }

    /// Standard error.
    pub fn stderr(&self) -> &str {
        &self.stderr
    }

    /// Standard error without the closing lines, for snapshots.
    pub fn problems(&self) -> String {
        let last = |line: &&str| !line.contains(" pages: ") && !line.contains("nothing was written");
        let lines: Vec<&str> = self.stderr.lines().filter(last).collect();
        lines.join("\n").trim_end().to_owned()
    }

    /// A number of the report, by its JSON pointer; 0 without a report.
    pub fn number(&self, pointer: &str) -> u64 {
        self.report.as_ref().and_then(|report| report.pointer(pointer)).and_then(Value::as_u64).unwrap_or_default()
    }

    /// A text of the report, by its JSON pointer.
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.report.as_ref()?.pointer(pointer)?.as_str()
    }

    /// Every diagnostic in one line each, sorted.
    pub fn messages(&self) -> Vec<String> {
        self.diagnostics(|_| true)
    }

    /// Every warning in one line each, sorted.
    pub fn warnings(&self) -> Vec<String> {
        let of_this_build =
            |one: &serde_json::Value| one["file"].as_str().is_some_and(|file| file.starts_with("output"));
        self.diagnostics(|one| one["severity"] == "warning" && !of_this_build(one))
    }

    /// Every error in one line each, sorted.
    pub fn mistakes(&self) -> Vec<String> {
        self.diagnostics(|one| one["severity"] == "error")
    }

    /// What is told of links that lead nowhere, and of ids that stand twice.
    pub fn links(&self) -> Vec<String> {
        let told =
            |message: &str| ["leads nowhere", "lead nowhere", "stands twice"].iter().any(|one| message.contains(one));
        self.diagnostics(|one| one["message"].as_str().is_some_and(told))
    }

    fn diagnostics(&self, wanted: impl Fn(&Value) -> bool) -> Vec<String> {
        let report = self.report.as_ref().and_then(|report| report["diagnostics"].as_array());
        let shown = |one: &Value| format!("{}:{}:{}: {}", one["file"], one["line"], one["column"], one["message"]);
        let wanted = report.into_iter().flatten().filter(|one| wanted(one));
        let mut lines: Vec<String> = wanted.map(shown).collect();
        lines.sort();
        lines
    }
}

/// Every output of the site at `root`, by its path below `output/` or in the root.
fn outputs(root: &Path) -> Tree {
    let hosting = ".lifthill/hosting";
    Tree::of(&root.join("output")).with(&Tree::of(&root.join(hosting)), &format!("{hosting}/"))
}

/// A Markdown file with TOML front matter. `text` is the front matter, and after a line `+++`, if
/// any, the body.
pub fn markdown(text: &str) -> String {
    let (front, body) = text.split_once("\n+++\n").unwrap_or((text, ""));
    format!("+++\n{front}\n+++\n\n{body}\n")
}

/// A small picture that can be read, another for each number.
pub fn picture(number: u32) -> Vec<u8> {
    let colour = |x: u32, y: u32| image::Rgb([(number * 40 + x * 6) as u8, (number * 90 + y * 9) as u8, number as u8]);
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_fn(32, 24, colour);
    picture.write_to(&mut bytes, image::ImageFormat::Png).expect("a picture");
    bytes.into_inner()
}

/// The content file of a ride, by `<park>/<ride>`.
pub fn ride_file(key: &str) -> String {
    let (park, ride) = key.split_once('/').expect("a ride's key is <park>/<ride>");
    format!("content/parks/{park}/rides/{ride}.md")
}

/// The file below `output/` that a URL means.
fn file_of(url: &str) -> String {
    let path = url.strip_prefix('/').unwrap_or(url);
    if path.is_empty() || path.ends_with('/') { format!("{path}index.html") } else { path.to_owned() }
}

/// Whether `file` is `pattern`, in which one `*` stands for anything.
fn is_like(file: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, end)) => file.len() >= start.len() + end.len() && file.starts_with(start) && file.ends_with(end),
        None => file == pattern,
    }
}

/// The program, in the folder `around`, told of the site at `root` below it.
fn program(around: &Path, root: &str, arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_lifthill"));
    program.args(arguments).args(["--root", root]).current_dir(around).env_remove("RUST_BACKTRACE");
    program
}

/// Runs `lifthill build` in the folder `around` on the site at `root` below it.
#[track_caller]
fn build_in(around: &Path, root: &str, arguments: &[&str], zone: &str) -> Built {
    let build = [&["build", "--json"], arguments].concat();
    let done = program(around, root, &build).env("TZ", zone).output().expect("the program runs");
    let stdout = String::from_utf8(done.stdout).expect("standard output is UTF-8");
    let stderr = String::from_utf8(done.stderr).expect("standard error is UTF-8");
    let place = around.to_string_lossy();
    assert!(
        !stdout.contains(&*place) && !stderr.contains(&*place),
        "a message holds the folder's place:\n{stdout}{stderr}"
    );
    let report =
        (!stdout.is_empty()).then(|| serde_json::from_str(&stdout).expect("standard output is one JSON object"));
    Built { code: done.status.code().expect("it was not killed"), stderr, report }
}

/// Copies a folder, but not those of its own entries named in `left_out`.
pub fn copy(from: &Path, to: &Path, left_out: &[&str]) {
    fs::create_dir_all(to).expect("a folder to copy to");
    for entry in fs::read_dir(from).expect("a folder to copy") {
        let entry = entry.expect("an entry of it");
        let name = entry.file_name();
        if left_out.iter().any(|left_out| *name == **left_out) {
            continue;
        }
        let (source, target) = (entry.path(), to.join(&name));
        let metadata = source.symlink_metadata().expect("nobody else removes it");
        if metadata.is_dir() {
            copy(&source, &target, &[]);
        } else if metadata.is_symlink() {
            #[cfg(unix)]
            std::os::unix::fs::symlink(fs::read_link(&source).expect("a link"), &target).expect("its copy");
        } else if metadata.len() > 64 << 20 {
            let large = fs::File::create(&target).expect("its copy");
            large.set_len(metadata.len()).expect("a file of zeros");
        } else {
            fs::copy(&source, &target).expect("its copy");
        }
    }
}
