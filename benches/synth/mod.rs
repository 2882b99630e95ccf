//! Synthetic sites for tests and benchmarks: content files made from a seed, or from a corpus. It does not
//! know Lifthill; it only writes what `content/` may hold.
//!
//! The same shape gives the same bytes on any machine. Records are made one after the other and
//! forgotten once written, so a million pages take no more memory than a thousand.
#![allow(dead_code, unused_imports, reason = "each program that includes this module uses a part of it")]

mod catalogue;
mod corpus;
mod dice;
mod front;
mod plan;
mod prose;
mod reviews;
mod ride;
mod words;

pub use corpus::from_corpus;

use plan::Plan;
use std::fs;
use std::io;
use std::path::Path;

/// `pages` records with a page of their own: a tenth parks, a twentieth companies, a hundredth
/// ride models, the rest rides. Lists, countries, feeds and redirects come on top.
pub struct Shape {
    pub pages: u32,
    pub seed: u64,
}

/// What was written. `areas` and `reviews` have no page; `redirects` are former slugs and aliases.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub parks: u32,
    pub companies: u32,
    pub models: u32,
    pub rides: u32,
    pub areas: u32,
    pub reviews: u32,
    pub redirects: u32,
}

/// Writes `lifthill.toml` and `content/` below `root`.
///
/// # Errors
/// Where the disk refuses, and where `root/content` exists: what an earlier site left there
/// would become part of this one.
pub fn write_site(root: &Path, shape: &Shape) -> io::Result<Counts> {
    let plan = Plan::new(shape);
    let content = new_content(root)?;
    let mut counts = Counts { companies: plan.companies, models: plan.models, ..Counts::default() };
    for park in 0..plan.parks {
        write_park(&content, &plan, park, &mut counts)?;
    }
    let companies = content.join("companies");
    fs::create_dir_all(&companies)?;
    for company in 0..plan.companies {
        let file = companies.join(plan.company_slug(company)).with_extension("md");
        fs::write(file, catalogue::company(&plan, company))?;
    }
    for model in 0..plan.models {
        let file = content.join("models").join(plan.model_key(model)).with_extension("md");
        fs::create_dir_all(file.parent().expect("a file in content/models has a folder"))?;
        fs::write(file, catalogue::model(&plan, model))?;
    }
    Ok(counts)
}

fn write_park(content: &Path, plan: &Plan, park: u32, counts: &mut Counts) -> io::Result<()> {
    let folder = content.join("parks").join(plan.park_slug(park));
    let rides = folder.join("rides");
    fs::create_dir_all(&rides)?;
    let (text, redirects) = catalogue::park(plan, park);
    fs::write(folder.join("index.md"), text)?;
    counts.parks += 1;
    counts.redirects += redirects;
    if let Some(areas) = catalogue::areas(plan, park) {
        fs::write(folder.join("areas.toml"), areas)?;
        counts.areas += plan.areas(park).len() as u32;
    }
    for index in plan.rides_of(park) {
        let (text, redirects) = ride::ride(plan, index);
        fs::write(rides.join(plan.ride_slug(index)).with_extension("md"), text)?;
        counts.rides += 1;
        counts.redirects += redirects;
    }
    let (lines, reviews) = reviews::of_park(plan, park);
    if reviews > 0 {
        fs::write(folder.join("reviews.jsonl"), lines)?;
    }
    counts.reviews += reviews;
    Ok(())
}

/// Writes the site's settings and makes its empty content folder.
fn new_content(root: &Path) -> io::Result<std::path::PathBuf> {
    let content = root.join("content");
    fs::create_dir_all(root)?;
    fs::create_dir(&content)?;
    fs::write(root.join("lifthill.toml"), "title = \"Parkpedia\"\nbase_url = \"https://parkpedia.example\"\n")?;
    Ok(content)
}
