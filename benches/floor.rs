//! What the machine allows: the time of bare file work on a tree, with no site generator in it. It does not know
//! what the files are.
//!
//! `--tree OUT` makes the folders and files of OUT again in a fresh folder beside it: a cold build
//! cannot be faster than this. `--walk DIR...` looks at every file once: a build that finds
//! nothing changed cannot do with less. Each prints one JSON object.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

const USAGE: &str = "\
Measures bare file work.

  cargo bench --bench floor -- --tree OUT [--threads N] [--repeat K]    folders and files of OUT, written again
  cargo bench --bench floor -- --walk DIR... [--repeat K]               every file below each DIR, looked at once
";

#[derive(Default)]
struct Wanted {
    tree: Option<PathBuf>,
    walk: Vec<PathBuf>,
    threads: Option<usize>,
    repeat: Option<usize>,
}

/// The files directly in one folder.
struct Folder {
    path: PathBuf,
    files: Vec<(PathBuf, u64)>,
}

fn main() -> ExitCode {
    let wanted = match wanted() {
        Ok(wanted) => wanted,
        Err(mistake) => {
            eprintln!("{mistake}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let repeat = wanted.repeat.unwrap_or(1).max(1);
    let measured = match &wanted.tree {
        Some(tree) => write_floor(tree, wanted.threads.unwrap_or(2).max(1), repeat),
        None if wanted.walk.is_empty() => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        None => walk_floor(&wanted.walk, repeat),
    };
    match measured {
        Ok(json) => {
            println!("{json}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn write_floor(tree: &Path, threads: usize, repeat: usize) -> io::Result<serde_json::Value> {
    let folders = listed(tree)?;
    let shares = shares(&folders, tree, threads);
    let largest = folders.iter().flat_map(|folder| &folder.files).map(|(_, size)| *size).max();
    let filler: Vec<u8> = b"<p>theme park</p>\n".iter().copied().cycle().take(largest.unwrap_or(0) as usize).collect();
    let mut times = Vec::new();
    let mut copies = Vec::new();
    for round in 0..repeat {
        let copy = fresh_sibling(tree, round)?;
        let started = (Instant::now(), cpu_seconds());
        std::thread::scope(|scope| {
            let running: Vec<_> =
                shares.iter().map(|share| scope.spawn(|| write_share(share, tree, &copy, &filler))).collect();
            running.into_iter().try_for_each(|thread| thread.join().expect("a writing thread does not panic"))
        })?;
        times.push((started.0.elapsed().as_secs_f64(), cpu_seconds() - started.1));
        copies.push(copy);
    }
    // Not between the rounds: some file systems are slow to make files just after many were deleted.
    copies.iter().try_for_each(fs::remove_dir_all)?;
    let files = folders.iter().map(|folder| folder.files.len()).sum::<usize>();
    let bytes = folders.iter().flat_map(|folder| &folder.files).map(|(_, size)| size).sum::<u64>();
    Ok(serde_json::json!({
        "floor": "write", "threads": threads, "folders": folders.len(), "files": files, "bytes": bytes,
        "seconds": median(&times, |time| time.0), "cpu_seconds": median(&times, |time| time.1),
        "all_seconds": times.iter().map(|time| time.0).collect::<Vec<_>>(),
    }))
}

fn walk_floor(roots: &[PathBuf], repeat: usize) -> io::Result<serde_json::Value> {
    let mut times = Vec::new();
    let mut seen = (0, 0);
    for _ in 0..repeat {
        let started = (Instant::now(), cpu_seconds());
        seen = (0, 0);
        for root in roots {
            let (files, bytes) = looked_at(root)?;
            seen = (seen.0 + files, seen.1 + bytes);
        }
        times.push((started.0.elapsed().as_secs_f64(), cpu_seconds() - started.1));
    }
    Ok(serde_json::json!({
        "floor": "walk", "threads": 1, "files": seen.0, "bytes": seen.1,
        "seconds": median(&times, |time| time.0), "cpu_seconds": median(&times, |time| time.1),
        "all_seconds": times.iter().map(|time| time.0).collect::<Vec<_>>(),
    }))
}

/// Number and bytes of the files below `root`, each asked for its size and times.
fn looked_at(root: &Path) -> io::Result<(u64, u64)> {
    let (mut files, mut bytes) = (0, 0);
    let mut left = vec![root.to_path_buf()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                left.push(entry.path());
                continue;
            }
            files += 1;
            bytes += entry.metadata()?.len();
        }
    }
    Ok((files, bytes))
}

/// Every folder of the tree, parents before children, sorted.
fn listed(tree: &Path) -> io::Result<Vec<Folder>> {
    let mut folders = Vec::new();
    let mut left = vec![tree.to_path_buf()];
    while let Some(path) = left.pop() {
        let mut files = Vec::new();
        for entry in fs::read_dir(&path)? {
            let entry = entry?;
            match entry.file_type()?.is_dir() {
                true => left.push(entry.path()),
                false => files.push((entry.path(), entry.metadata()?.len())),
            }
        }
        files.sort();
        folders.push(Folder { path, files });
    }
    folders.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(folders)
}

/// One part a thread. What lies below the same two top folders (`parks/efteling`) stays in one
/// part, so no two threads wait for the same folder's lock.
fn shares<'a>(folders: &'a [Folder], tree: &Path, threads: usize) -> Vec<Vec<&'a Folder>> {
    let top = |folder: &Folder| -> PathBuf {
        folder.path.strip_prefix(tree).expect("every folder was found below the tree").iter().take(2).collect()
    };
    let mut shares: Vec<Vec<&Folder>> = (0..threads).map(|_| Vec::new()).collect();
    for group in folders.chunk_by(|a, b| top(a) == top(b)) {
        let least = shares.iter_mut().min_by_key(|share| share.len()).expect("at least one thread");
        least.extend(group);
    }
    shares
}

fn write_share(share: &[&Folder], tree: &Path, copy: &Path, filler: &[u8]) -> io::Result<()> {
    let moved = |path: &Path| copy.join(path.strip_prefix(tree).expect("every path was found below the tree"));
    for folder in share {
        fs::create_dir_all(moved(&folder.path))?;
        for (file, size) in &folder.files {
            File::create_new(moved(file))?.write_all(&filler[..*size as usize])?;
        }
    }
    Ok(())
}

fn fresh_sibling(tree: &Path, round: usize) -> io::Result<PathBuf> {
    let mut name = tree.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_os_string();
    name.push(format!(".floor-{}-{round}", std::process::id()));
    let sibling = tree.with_file_name(name);
    fs::create_dir(&sibling)?;
    Ok(sibling)
}

/// User and system time of this process so far, from the kernel's clock ticks (1/100 s); NaN elsewhere than on Linux.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = |at: usize| behind_name.split_whitespace().nth(at).and_then(|field| field.parse::<f64>().ok());
    match (ticks(11), ticks(12)) {
        (Some(user), Some(system)) => (user + system) / 100.0,
        _ => f64::NAN,
    }
}

fn median(times: &[(f64, f64)], of: impl Fn(&(f64, f64)) -> f64) -> f64 {
    let mut sorted: Vec<f64> = times.iter().map(of).collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn wanted() -> Result<Wanted, String> {
    let mut wanted = Wanted::default();
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench").peekable(); // --bench is cargo's own
    while let Some(arg) = args.next() {
        let value = args.next().ok_or_else(|| format!("{arg} needs a value"))?;
        let number = || value.parse::<usize>().map_err(|_| format!("{arg} needs a number, not {value}"));
        match arg.as_str() {
            "--threads" => wanted.threads = Some(number()?),
            "--repeat" => wanted.repeat = Some(number()?),
            "--tree" => wanted.tree = Some(value.into()),
            "--walk" => {
                wanted.walk.push(value.into());
                while let Some(dir) = args.next_if(|next| !next.starts_with("--")) {
                    wanted.walk.push(dir.into());
                }
            }
            _ => return Err(format!("{arg} is not an option")),
        }
    }
    Ok(wanted)
}
