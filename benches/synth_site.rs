//! Writes a synthetic site, or one made from a corpus, for the benchmarks. It does not build it.

#[path = "synth/mod.rs"]
mod synth;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

const USAGE: &str = "\
Writes the content files of a site, to be built by `lifthill build --root DIR`.

  cargo bench --bench synth_site -- --pages N [--seed S] --out DIR    records made from the seed
  cargo bench --bench synth_site -- --corpus FOLDER --out DIR         the records of FOLDER/*.jsonl
";

#[derive(Default)]
struct Wanted {
    pages: Option<u32>,
    seed: Option<u64>,
    corpus: Option<PathBuf>,
    out: Option<PathBuf>,
}

fn main() -> ExitCode {
    let wanted = match wanted() {
        Ok(wanted) => wanted,
        Err(mistake) => {
            eprintln!("{mistake}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    // A plain `cargo bench` runs every bench program without arguments.
    let Some(out) = wanted.out else {
        print!("{USAGE}");
        return ExitCode::SUCCESS;
    };
    let started = Instant::now();
    let written = match (wanted.corpus, wanted.pages) {
        (Some(corpus), None) => synth::from_corpus(&corpus, &out),
        (None, Some(pages)) => synth::write_site(&out, &synth::Shape { pages, seed: wanted.seed.unwrap_or(1) }),
        _ => {
            eprintln!("either --pages or --corpus\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match written {
        Ok(counts) => {
            println!("{counts:?} in {:.1} s", started.elapsed().as_secs_f64());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", out.display());
            ExitCode::FAILURE
        }
    }
}

fn wanted() -> Result<Wanted, String> {
    let mut wanted = Wanted::default();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        if arg == "--bench" {
            continue; // cargo's own
        }
        let value = args.next().ok_or_else(|| format!("{arg} needs a value"))?;
        let number = || format!("{arg} needs a number, not {value}");
        match arg.as_str() {
            "--pages" => wanted.pages = Some(value.parse().map_err(|_| number())?),
            "--seed" => wanted.seed = Some(value.parse().map_err(|_| number())?),
            "--corpus" => wanted.corpus = Some(value.into()),
            "--out" => wanted.out = Some(value.into()),
            _ => return Err(format!("{arg} is not an option")),
        }
    }
    Ok(wanted)
}
