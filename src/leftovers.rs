//! What lies among a site's files and is none of it: what editors, systems and sync tools leave behind, and
//! what the site's own `.lifthillignore` names. One list for all folders that are read. Also tells a copy that
//! a sync tool has put beside a file from its name. Reads no file but `.lifthillignore`.

use std::path::Path;
use std::sync::LazyLock;

use crate::diagnostics::Diagnostic;
use crate::text::{self, composed};
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The site's own list, in its root: lines as in `.gitignore`, paths from the root on.
pub const FILE: &str = ".lifthillignore";

/// A list longer than this is a mistake.
const MAX_BYTES: u64 = 1 << 20;

/// The folder whose files are published although its name begins with a dot (RFC 8615).
pub const WELL_KNOWN: &str = ".well-known";

/// What is nobody's file, as in `.gitignore`: of editors and merges, of downloads and sync tools, of systems and
/// languages.
const LEFT_BEHIND: &str = r"
*~
~$*
\#*#
*.swp
*.swo
*.swx
*.un~
*.bak
*.save
*.autosave
*.kate-swp
*.tmp
*.temp
*___jb_tmp___
*___jb_old___
*___jb_bak___
4913
5036
5159
*.orig
*.rej
*.mine
*.theirs
*_BACKUP_[0-9]*
*_BASE_[0-9]*
*_LOCAL_[0-9]*
*_REMOTE_[0-9]*
*.crdownload
*.part
*.partial
*.download
*.!sync
~syncthing~*
__MACOSX
@eaDir
@Recycle
@tmp
\#recycle
\#snapshot
lost+found
*.lnk
*.stackdump
__pycache__
*.pyc
node_modules
";

/// The same, whatever its case: of systems that do not tell one case from the other.
const IN_ANY_CASE: &str =
    "Thumbs.db\nehthumbs.db\nehthumbs_vista.db\ndesktop.ini\n$RECYCLE.BIN\nSystem Volume Information";

static COMMON: LazyLock<Gitignore> = LazyLock::new(|| {
    let mut builder = GitignoreBuilder::new("");
    let fixed = "the list is fixed, and tried by the tests";
    for line in LEFT_BEHIND.lines() {
        builder.add_line(None, line).expect(fixed);
    }
    builder.case_insensitive(true).expect(fixed);
    for line in IN_ANY_CASE.lines() {
        builder.add_line(None, line).expect(fixed);
    }
    builder.build().expect(fixed)
});

/// What is left out of a site's folders.
#[derive(Clone, Debug, Default)]
pub struct Leftovers {
    /// What the site's own list names.
    own: Option<Gitignore>,
}

impl Leftovers {
    /// The rules of the site at `root`, and what is wrong with its list.
    pub fn of(root: &Path) -> (Self, Vec<Diagnostic>) {
        match read(root) {
            Ok(None) => (Self::default(), Vec::new()),
            Ok(Some(text)) => Self::parse(&text),
            Err(problem) => (Self::default(), vec![*problem]),
        }
    }

    fn parse(text: &str) -> (Self, Vec<Diagnostic>) {
        let mut builder = GitignoreBuilder::new("");
        let mut problems = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let rule = composed(line.trim_end_matches(['\n', '\r']));
            if let Err(error) = builder.add_line(None, &rule) {
                let message = error.to_string();
                let message = message.rsplit(": ").next().unwrap_or(&message).to_owned();
                problems.push(Diagnostic::at(FILE, text, start..start + line.trim_end().len(), message));
            }
            start += line.len();
        }
        match builder.build() {
            Ok(own) => (Self { own: Some(own) }, problems),
            Err(error) => {
                problems.push(Diagnostic::of_file(FILE, error.to_string()));
                (Self::default(), problems)
            }
        }
    }

    /// Whether `name` is left out: hidden, left behind by somebody, or named by the site's own list. It lies
    /// in the folder `below` one of the folders in the root.
    pub fn leave_out(&self, top: &str, below: &str, name: &str, kind: Entry) -> bool {
        let is_folder = kind == Entry::Folder;
        // What macOS keeps a folder's picture in has a line break in its name.
        if (name.starts_with('.') && name != WELL_KNOWN) || name == "Icon\r" {
            return true;
        }
        if let Some(own) = &self.own {
            let path = if below.is_empty() { format!("{top}/{name}") } else { format!("{top}/{below}/{name}") };
            match own.matched(&*composed(&path), is_folder) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => {}
            }
        }
        !is_everyday(name) && COMMON.matched(name, is_folder).is_ignore()
    }

    /// The same for the path of a file below one of the folders in the root, and every folder on the way.
    pub fn leave_out_path(&self, top: &str, path: &str) -> bool {
        let folders = path.match_indices('/').map(|(at, _)| (at, Entry::Folder));
        let mut start = 0;
        folders.chain([(path.len(), Entry::File)]).any(|(end, kind)| {
            let (below, name) = (path[..start].trim_end_matches('/'), &path[start..end]);
            start = end + 1;
            self.leave_out(top, below, name, kind)
        })
    }
}

/// What stands in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A file.
    File,
    /// A folder.
    Folder,
}

/// The text of the site's list, if there is one.
fn read(root: &Path) -> Result<Option<String>, Box<Diagnostic>> {
    let wrong = |message: String| Box::new(Diagnostic::of_file(FILE, message));
    let path = root.join(FILE);
    let metadata = match std::fs::symlink_metadata(&path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(format!("cannot be read: {error}"))),
    };
    if !metadata.is_file() {
        return Err(wrong("is not a file".to_owned()));
    }
    if metadata.len() > MAX_BYTES {
        return Err(wrong(format!("is {} MB; at most {} MB is read here", metadata.len() >> 20, MAX_BYTES >> 20)));
    }
    let bytes = std::fs::read(&path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    text::decode(FILE, &bytes).map(|text| Some(text.to_owned()))
}

/// Whether a name is so plain that no rule for everybody can be meant by it; most are.
fn is_everyday(name: &str) -> bool {
    let plain = |part: &str, more: &[u8]| {
        part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || more.contains(&b))
    };
    let known = ["md", "html", "jpg", "jpeg", "png", "webp", "css", "scss", "js", "svg", "toml", "jsonl", "xml", "txt"];
    match name.rsplit_once('.') {
        Some((stem, extension)) => known.contains(&extension) && plain(stem, b"_"),
        None => plain(name, b"") && name.bytes().any(|b| b.is_ascii_lowercase()),
    }
}

/// The name of the file that a file called `name` seems to be a copy of, as sync tools and file managers
/// name the second of two.
pub fn original_of(name: &str) -> Option<String> {
    let (stem, extension) = name.rsplit_once('.').map_or((name, ""), |(stem, extension)| (stem, extension));
    let original = before_mark(stem)?.trim_end();
    let dot = if extension.is_empty() { "" } else { "." };
    (!original.is_empty()).then(|| format!("{original}{dot}{extension}"))
}

/// What stands before the mark of a copy.
fn before_mark(stem: &str) -> Option<&str> {
    // Syncthing, Nextcloud, Resilio, and the copies of git's merges.
    for mark in [".sync-conflict-", "_conflict-", ".Conflict", "-conflict-", " [conflict]", " [Conflict]"] {
        if let Some(at) = stem.find(mark) {
            return Some(&stem[..at]);
        }
    }
    // OneDrive puts the computer's name behind.
    if let Some((before, computer)) = stem.rsplit_once("-DESKTOP-").or_else(|| stem.rsplit_once("-LAPTOP-")) {
        let is_name = !computer.is_empty() && computer.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        return is_name.then_some(before);
    }
    // In brackets: Dropbox, Seafile, GNOME, and "(1)" of browsers and Windows, which may follow a word.
    if let Some((before, inner)) = stem.strip_suffix(')').and_then(|rest| rest.rsplit_once('(')) {
        let inner = inner.to_lowercase();
        let numbered = !inner.is_empty() && inner.len() < 3 && inner.bytes().all(|b| b.is_ascii_digit());
        let said = ["conflict", "copy", "kopie", "copie", "copia", "cópia"].iter().any(|word| inner.contains(word));
        let before = before.trim_end();
        return (numbered || said).then(|| before_word(before).unwrap_or(before));
    }
    before_word(stem)
}

/// What stands before " - Copy" (Windows) or " copy 2" (macOS), in some languages.
fn before_word(stem: &str) -> Option<&str> {
    let unnumbered = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    let unnumbered = if unnumbered.ends_with(' ') { unnumbered.trim_end() } else { stem };
    let words = ["copy", "Copy", "kopie", "Kopie", "copie", "Copie", "copia", "Copia", "cópia", "Cópia"];
    let before = words.iter().find_map(|word| unnumbered.strip_suffix(word))?;
    before.strip_suffix(" - ").or_else(|| before.strip_suffix(' ')).filter(|before| !before.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_behind_is_left_out() {
        let rules = Leftovers::default();
        for name in [
            "#python.md#",
            "python.md~",
            "Thumbs.db",
            "THUMBS.DB",
            "desktop.ini",
            "python.md.orig",
            "python.md.rej",
            "4913",
            "python.md___jb_tmp___",
            "python.md___jb_old___",
            "~$python.docx",
            "~WRL0001.tmp",
            "@eaDir",
            ".DS_Store",
            "._python.md",
            ".python.md.swp",
            "python.md.swp",
            "__MACOSX",
            "$RECYCLE.BIN",
            "System Volume Information",
            "python_BACKUP_4711.md",
            "python_REMOTE_4711.md",
            "photo.jpg.part",
            "x.crdownload",
            "lost+found",
            "Icon\r",
            "python.md.bak",
            "~syncthing~python.md.tmp",
        ] {
            assert!(rules.leave_out("content", "articles", name, Entry::File), "{name}");
        }
        for name in [
            "python.md",
            "Python 2.md",
            "4914",
            "1898.md",
            "thumbs.md",
            "parts",
            "orig",
            "Ærø.md",
            ".well-known",
            "a_base_b.md",
        ] {
            assert!(!rules.leave_out("content", "articles", name, Entry::File), "{name}");
        }
    }

    #[test]
    fn a_site_s_own_list_is_read_as_git_reads_one() {
        let (rules, problems) = Leftovers::parse(
            "# notes\ndrafts/\n*.psd\n/assets/raw\n!keep.psd\ncontent/articles/cafe\u{301}.md\n!Thumbs.db\n",
        );
        assert!(problems.is_empty(), "{problems:?}");
        assert!(rules.leave_out("content", "", "drafts", Entry::Folder));
        assert!(!rules.leave_out("content", "", "drafts", Entry::File));
        assert!(rules.leave_out("assets", "img", "x.psd", Entry::File));
        assert!(!rules.leave_out("assets", "img", "keep.psd", Entry::File));
        assert!(rules.leave_out("assets", "", "raw", Entry::Folder));
        assert!(!rules.leave_out("assets", "img", "raw", Entry::Folder));
        assert!(rules.leave_out("content", "articles", "café.md", Entry::File), "names are compared composed");
        assert!(!rules.leave_out("assets", "", "Thumbs.db", Entry::File), "what it keeps stays");
        assert!(rules.leave_out_path("content", "drafts/a/b.md") && !rules.leave_out_path("content", "articles/b.md"));
        assert!(rules.leave_out_path("content", "@eaDir/x.md"));
        let (_, problems) = Leftovers::parse("fine\n[z-a]\n");
        assert_eq!(problems.len(), 1);
        assert_eq!((problems[0].line, &*problems[0].file), (2, FILE));
    }

    #[test]
    fn a_copy_names_its_original() {
        for (name, original) in [
            ("python.sync-conflict-20240102-101112-ABCDEFG.md", "python.md"),
            ("python (conflicted copy 2024-01-02).md", "python.md"),
            ("python (Anna's conflicted copy 2024-01-02).md", "python.md"),
            ("python (SFConflict anna@x.example 2024-01-02-10-11-12).md", "python.md"),
            ("python (case conflict 1).md", "python.md"),
            ("python_conflict-20240102-101112.md", "python.md"),
            ("python - Copy.md", "python.md"),
            ("python - Copy (2).md", "python.md"),
            ("python - Kopie.md", "python.md"),
            ("python copy.md", "python.md"),
            ("python copy 2.md", "python.md"),
            ("python (copy).md", "python.md"),
            ("python (another copy).md", "python.md"),
            ("python (1).md", "python.md"),
            ("python-DESKTOP-4F2K9AB.md", "python.md"),
            ("site (1).css", "site.css"),
        ] {
            assert_eq!(original_of(name).as_deref(), Some(original), "{name}");
        }
        for name in [
            "python.md",
            "copy.md",
            "Colossus 2.md",
            "The Copy.md.txt",
            "Xpress (1995).md",
            "x (Europa-Park).md",
            "-DESKTOP-x.md",
        ] {
            assert_eq!(original_of(name), None, "{name}");
        }
    }
}
