//! A random history: edits that an editor could make, on a copy of a site, with a build after each
//! that is compared with a clean one. The same seed tells the same history. Knows of content only
//! what can be seen from outside: files, and lines such as `name = …`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::config::{self, Settings};
use crate::digest::Digest;
use crate::engine::build;
use crate::engine::options::Options;
use crate::engine::progress::Silent;
use crate::engine::trust::verify::verify;
use crate::report::Verified;
use crate::room::Room;
use crate::{assets, render, source};

/// What became of a history.
#[derive(Debug, Default, Serialize)]
pub struct History {
    /// The seed that tells it again.
    pub seed: u64,
    /// What was done, in words, one edit a line.
    pub edits: Vec<String>,
    /// Edits that were mistakes, and were taken back.
    pub mistakes: u64,
    /// The first difference from a clean build, which ends the history.
    pub difference: Option<Verified>,
}

/// Tells a history of `edits` edits on a copy of the site at `options.root`, made in `copy`, an empty
/// folder; `said` hears each edit.
pub fn history(options: &Options, copy: &Path, edits: u64, seed: u64, said: &dyn Fn(&str)) -> Result<History> {
    for name in [source::FOLDER, render::TEMPLATES, assets::FOLDER, config::FILE] {
        copy_all(&options.root.join(name), &copy.join(name)).with_context(|| format!("cannot copy {name}"))?;
    }
    let mut editor =
        Editor { root: copy.to_owned(), dice: Dice { seed, rolls: 0 }, undo: Vec::new(), kept: Vec::new() };
    let repository = Some(options.root.clone());
    let options = Options { root: copy.to_owned(), repository, ..options.clone() };
    let mut history = History { seed, ..History::default() };
    for number in 0..=edits {
        let edit = if number == 0 { "as it is".to_owned() } else { editor.edit()? };
        said(&format!("{number}: {edit}"));
        history.edits.push(edit);
        let settings = Settings::load(copy, Room::default()).ok();
        let good = match settings {
            Some(settings) => {
                let report = build(&options, settings.clone(), &Silent)?;
                if report.has_errors() {
                    false
                } else {
                    let verified = verify(&options, settings, &Silent)?;
                    if verified.differences > 0 {
                        history.difference = Some(verified);
                        return Ok(history);
                    }
                    true
                }
            }
            None => false,
        };
        if !good {
            history.mistakes += 1;
            said("   a mistake, taken back");
            editor.take_back()?;
        }
    }
    Ok(history)
}

fn copy_all(from: &Path, to: &Path) -> std::io::Result<()> {
    let metadata = match fs::symlink_metadata(from) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        metadata => metadata?,
    };
    if metadata.is_file() {
        return fs::copy(from, to).map(drop);
    }
    if !metadata.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let name = entry?.file_name();
        copy_all(&from.join(&name), &to.join(&name))?;
    }
    Ok(())
}

/// Numbers that look like chance and are the same each time.
struct Dice {
    seed: u64,
    rolls: u64,
}

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.rolls += 1;
        let roll = Digest::of_parts([&self.seed.to_le_bytes()[..], &self.rolls.to_le_bytes()]).short();
        (roll % bound.max(1) as u64) as usize
    }
}

/// What an edit does to a file, so that it can be taken back.
enum Done {
    Wrote(PathBuf, Option<Vec<u8>>),
    Renamed(PathBuf, PathBuf),
}

struct Editor {
    root: PathBuf,
    dice: Dice,
    undo: Vec<Done>,
    /// Earlier bytes of files, to be restored one day.
    kept: Vec<(PathBuf, Vec<u8>)>,
}

impl Editor {
    /// Makes one edit and says which.
    fn edit(&mut self) -> Result<String> {
        self.undo.clear();
        match self.dice.below(14) {
            0 | 1 => self.add_prose(),
            2 | 3 => self.change_line(|line, number| {
                let (key, value) = line.split_once(['=', ':'])?;
                let digits = value.trim();
                let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
                plain
                    .then(|| line.replacen(digits, &format!("{}", number % 90 + 1), 1))
                    .filter(|_| !key.contains(' ') || key.ends_with(' '))
            }),
            4 | 5 => self.change_line(|line, number| {
                let (key, _) = line.split_once('=')?;
                (key.trim() == "name").then(|| format!("{key}= \"Renamed {number}\""))
            }),
            6 => self.remove(),
            7 => self.add(),
            8 => self.rename_file(),
            9 => self.rename_folder(),
            10 => self.restore(),
            11 => self.change_setting(),
            12 => self.change_theme(),
            _ => self.spoil(),
        }
    }

    /// Every file of the content with an extension, sorted.
    fn files(&self, folder: &str, extension: &str) -> Result<Vec<PathBuf>> {
        let mut open = vec![self.root.join(folder)];
        let mut found = Vec::new();
        while let Some(folder) = open.pop() {
            if !folder.is_dir() {
                continue;
            }
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                match entry.file_type()? {
                    kind if kind.is_dir() => open.push(entry.path()),
                    kind if kind.is_file() && entry.file_name().to_string_lossy().ends_with(extension) => {
                        found.push(entry.path());
                    }
                    _ => {}
                }
            }
        }
        found.sort();
        Ok(found)
    }

    fn pick(&mut self, folder: &str, extension: &str) -> Result<Option<PathBuf>> {
        let mut files = self.files(folder, extension)?;
        if files.is_empty() {
            return Ok(None);
        }
        let index = self.dice.below(files.len());
        Ok(Some(files.swap_remove(index)))
    }

    fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).to_string_lossy().into_owned()
    }

    fn write(&mut self, path: &Path, bytes: &[u8]) -> Result<()> {
        let old = fs::read(path).ok();
        self.kept.extend(old.iter().map(|old| (path.to_owned(), old.clone())));
        if self.kept.len() > 50 {
            self.kept.remove(0);
        }
        self.undo.push(Done::Wrote(path.to_owned(), old));
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, bytes).with_context(|| format!("cannot write {}", self.shown(path)))
    }

    fn rename(&mut self, from: &Path, to: &Path) -> Result<()> {
        self.undo.push(Done::Renamed(from.to_owned(), to.to_owned()));
        fs::rename(from, to).with_context(|| format!("cannot rename {}", self.shown(from)))
    }

    fn take_back(&mut self) -> Result<()> {
        for done in std::mem::take(&mut self.undo).into_iter().rev() {
            match done {
                Done::Wrote(path, Some(bytes)) => fs::write(path, bytes)?,
                Done::Wrote(path, None) => fs::remove_file(path)?,
                Done::Renamed(from, to) => fs::rename(to, from)?,
            }
        }
        Ok(())
    }

    fn add_prose(&mut self) -> Result<String> {
        let Some(path) = self.pick(source::FOLDER, ".md")? else { return Ok("nothing to edit".to_owned()) };
        let more = format!("\nMore *prose*, number {}.\n", self.dice.below(1000));
        let text = [fs::read(&path)?, more.into_bytes()].concat();
        self.write(&path, &text)?;
        Ok(format!("{}: more prose", self.shown(&path)))
    }

    fn change_line(&mut self, change: impl Fn(&str, usize) -> Option<String>) -> Result<String> {
        let Some(path) = self.pick(source::FOLDER, ".md")? else { return Ok("nothing to edit".to_owned()) };
        let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
        let number = self.dice.below(1000);
        let changed =
            text.lines().enumerate().skip(1).take(30).find_map(|(at, line)| Some((at, change(line, number)?)));
        let Some((at, new)) = changed else { return Ok(format!("{}: nothing to change", self.shown(&path))) };
        let lines: Vec<&str> =
            text.lines().enumerate().map(|(index, line)| if index == at { &new } else { line }).collect();
        self.write(&path, format!("{}\n", lines.join("\n")).as_bytes())?;
        Ok(format!("{}: {new}", self.shown(&path)))
    }

    fn remove(&mut self) -> Result<String> {
        let Some(path) = self.pick(source::FOLDER, "")? else { return Ok("nothing to remove".to_owned()) };
        let bytes = fs::read(&path)?;
        self.kept.push((path.clone(), bytes.clone()));
        self.undo.push(Done::Wrote(path.clone(), Some(bytes)));
        fs::remove_file(&path)?;
        Ok(format!("{}: removed", self.shown(&path)))
    }

    fn add(&mut self) -> Result<String> {
        let Some(path) = self.pick(source::FOLDER, ".md")? else { return Ok("nothing to copy".to_owned()) };
        let copy = path.with_file_name(format!("copy-{}.md", self.dice.below(10_000)));
        self.write(&copy, &fs::read(&path)?)?;
        Ok(format!("{}: a copy of {}", self.shown(&copy), self.shown(&path)))
    }

    /// Another name, or the same in other letters.
    fn rename_file(&mut self) -> Result<String> {
        let Some(path) = self.pick(source::FOLDER, ".md")? else { return Ok("nothing to rename".to_owned()) };
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let name = match self.dice.below(2) {
            0 => format!("renamed-{}.md", self.dice.below(10_000)),
            _ => format!("{}.md", if stem.to_uppercase() == stem { stem.to_lowercase() } else { stem.to_uppercase() }),
        };
        let to = path.with_file_name(name);
        if to.exists() {
            return Ok(format!("{}: is there already", self.shown(&to)));
        }
        self.rename(&path, &to)?;
        Ok(format!("{}: renamed to {}", self.shown(&path), self.shown(&to)))
    }

    fn rename_folder(&mut self) -> Result<String> {
        let Some(index) = self.pick(&format!("{}/parks", source::FOLDER), "index.md")? else {
            return Ok("no folder to rename".to_owned());
        };
        let folder = index.parent().unwrap_or(&self.root).to_owned();
        let to = folder.with_file_name(format!("moved-{}", self.dice.below(10_000)));
        self.rename(&folder, &to)?;
        Ok(format!("{}: renamed to {}", self.shown(&folder), self.shown(&to)))
    }

    /// Puts an earlier version of a file back, with an older time.
    fn restore(&mut self) -> Result<String> {
        if self.kept.is_empty() {
            return Ok("nothing to restore".to_owned());
        }
        let index = self.dice.below(self.kept.len());
        let (path, bytes) = self.kept[index].clone();
        self.write(&path, &bytes)?;
        let days = Duration::from_secs(24 * 3600 * (self.dice.below(1000) as u64 + 1));
        fs::File::options().write(true).open(&path)?.set_modified(SystemTime::now() - days)?;
        Ok(format!("{}: restored as it once was", self.shown(&path)))
    }

    fn change_setting(&mut self) -> Result<String> {
        let path = self.root.join(config::FILE);
        let text = fs::read_to_string(&path).unwrap_or_default();
        let number = self.dice.below(9) + 1;
        let (key, line) = [
            ("title", format!("title = \"Title {number}\"")),
            ("lists.rides", format!("lists.rides = {}", number * 10)),
            ("lists.parks", format!("lists.parks = {}", number * 5)),
            ("output.minify", format!("output.minify = {}", number.is_multiple_of(2))),
            ("extra.slogan", format!("extra.slogan = \"{number}\"")),
        ][self.dice.below(5)]
        .clone();
        let kept = text.lines().filter(|old| old.split('=').next().is_none_or(|old| old.trim() != key));
        let lines: Vec<&str> = std::iter::once(line.as_str()).chain(kept).collect();
        self.write(&path, format!("{}\n", lines.join("\n")).as_bytes())?;
        Ok(format!("{}: {line}", config::FILE))
    }

    fn change_theme(&mut self) -> Result<String> {
        let number = self.dice.below(1000);
        if self.dice.below(2) == 0 {
            let path = self.root.join(assets::FOLDER).join(format!("history-{}.txt", number % 5));
            self.write(&path, format!("edition {number}\n").as_bytes())?;
            return Ok(format!("{}: edition {number}", self.shown(&path)));
        }
        let Some(path) = self.pick(render::TEMPLATES, ".html")? else { return Ok("no template of its own".to_owned()) };
        let text = fs::read_to_string(&path)?;
        let Some((before, after)) = text.rsplit_once("</") else { return Ok("a template without tags".to_owned()) };
        self.write(&path, format!("{before}<i>{number}</i></{after}").as_bytes())?;
        Ok(format!("{}: edition {number}", self.shown(&path)))
    }

    /// Alters or removes a file that a build wrote.
    fn spoil(&mut self) -> Result<String> {
        let Some(path) = self.pick(crate::output::FOLDER, "")? else { return Ok("no output yet".to_owned()) };
        if self.dice.below(2) == 0 {
            fs::remove_file(&path)?;
            return Ok(format!("{}: removed", self.shown(&path)));
        }
        let mut bytes = fs::read(&path)?;
        if let Some(byte) = bytes.last_mut() {
            *byte ^= 1;
        }
        fs::write(&path, bytes)?;
        Ok(format!("{}: spoilt", self.shown(&path)))
    }
}
