//! Publishing: to folders, to stores, past caches; guarded, interrupted, twice at a time.

mod answers;
mod clouds;
mod crawl;
mod differences;
mod edits;
mod faults;
mod folder;
mod google;
mod nginx;
mod purges;
mod recipes;
mod s3;
mod scale;
mod server;
mod sleepers;
mod stage;
mod store;

use std::collections::BTreeSet;

use crate::site::Site;

/// A site of some forty objects.
pub fn catalogue() -> Site {
    let mut site = Site::new()
        .company("vekoma", "name = 'Vekoma'")
        .park("efteling", "name = 'Efteling'\ncountry = 'NL'")
        .park("toverland", "name = 'Toverland'\ncountry = 'NL'");
    for (park, rides) in [("efteling", 12), ("toverland", 6)] {
        for number in 0..rides {
            let key = format!("{park}/ride-{number}");
            site = site.ride(
                &key,
                &format!("name = 'Ride {number} of {park}'\ncategory = 'flat_ride'\nmanufacturers = ['vekoma']"),
            );
        }
    }
    site
}

/// The URLs in a list of them, without the site's address.
pub fn urls_in(list: &str) -> BTreeSet<String> {
    list.lines().map(|url| url.trim_start_matches("https://parks.example").to_owned()).collect()
}
