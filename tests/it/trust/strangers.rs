//! What lies below `output/` and is nobody's: left by every build, named by `--verify`, and gone after
//! `--prune`.

use std::fs;
use std::os::unix::fs::symlink;

use crate::site::Site;

fn efteling() -> Site {
    Site::new()
        .park("efteling", "name = 'Efteling'\ncountry = 'NL'")
        .ride("efteling/python", "name = 'Python'\ncategory = 'roller_coaster'")
}

/// Puts strangers of several sorts below `output/`; returns their names.
fn invade(site: &Site) -> Vec<&'static str> {
    let strangers = [
        "stranger-foreign.html",
        "parks/gone-foreign/index.html",
        "parks/efteling/index.html.old-foreign",
        ".hidden-foreign",
        "assets/css/foreign.0123456789ab.css",
        "photos/foreign.0123456789ab.webp",
    ];
    strangers.iter().for_each(|file| site.write(&format!("output/{file}"), "not ours"));
    strangers.to_vec()
}

#[test]
fn a_stranger_stays_until_it_is_asked_to_go() {
    let site = efteling();
    site.build();
    let ours: Vec<String> = site.output().files().map(str::to_owned).collect();
    let strangers = invade(&site);
    site.build().rendered([]).wrote(0).removed(0);
    assert!(strangers.iter().all(|file| site.path("output").join(file).exists()), "a plain build leaves them");
    let pruned = site.build_with(&["--prune"]);
    pruned.rendered([]).wrote(0).says("6 strangers removed");
    assert_eq!(pruned.number("/strangers"), 6);
    assert_eq!(site.output().files().collect::<Vec<_>>(), ours, "output/ holds exactly what pages claim");
    assert!(!site.path("output/parks/gone-foreign").exists(), "no empty folder is left");
    site.build_with(&["--prune", "--verify"]).says("files are as a clean build makes them");
}

#[test]
fn links_and_what_is_no_file_go_without_what_they_lead_to() {
    let site = efteling();
    site.build();
    let outside = site.outside().join("victim");
    fs::create_dir(&outside).expect("a folder");
    fs::write(outside.join("precious"), "mine").expect("a file");
    symlink(&outside, site.path("output/link-foreign")).expect("a link");
    symlink(outside.join("precious"), site.path("output/parks/link-foreign.html")).expect("a link");
    fs::create_dir_all(site.path("output/empty-foreign/within")).expect("folders");
    fs::write(site.path("output/odd\\foreign: name"), "").expect("a file");
    let (code, _, stderr) = site.command(&["build", "--prune"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("3 strangers removed"), "{stderr}");
    assert!(outside.join("precious").exists());
    for gone in ["link-foreign", "parks/link-foreign.html", "empty-foreign", "odd\\foreign: name"] {
        assert!(fs::symlink_metadata(site.path("output").join(gone)).is_err(), "{gone}");
    }
    site.build();
}

#[test]
fn verify_names_strangers() {
    let site = efteling();
    site.build();
    let strangers = invade(&site);
    for share in ["--verify", "--verify=1%"] {
        let (code, _, stderr) = site.command(&["build", share]);
        assert_eq!(code, 1, "{stderr}");
        for stranger in &strangers {
            assert!(stderr.contains(&format!("no page claims output/{stranger}")), "{stranger}: {stderr}");
        }
        assert!(stderr.contains("build --prune") && !stderr.contains("a bug of lifthill's"), "{stderr}");
    }
    let (_, plan, _) = site.command(&["build", "--dry-run", "--prune"]);
    assert!(plan.contains("stranger-foreign.html  would be removed"), "{plan}");
    assert!(site.has("stranger-foreign.html"), "a dry run removes nothing");
}

#[test]
fn what_a_failing_page_shows_is_no_stranger() {
    let site = efteling();
    site.build();
    let before = site.page("/parks/efteling/rides/python/");
    invade(&site);
    site.write("templates/ride.html", "{{ asset(path='no.png') }}");
    site.fails_with(&["--prune"]).failed(1);
    assert_eq!(site.page("/parks/efteling/rides/python/"), before, "it keeps what it showed");
    assert!(site.has("stranger-foreign.html"), "nothing is pruned while the site has mistakes");
    site.remove("templates");
    site.build_with(&["--prune"]);
    assert!(site.has("/parks/efteling/rides/python/") && !site.has("stranger-foreign.html"));
}

#[test]
fn what_keeps_the_folder_in_a_repository_is_no_stranger() {
    let site = efteling().file("output/.gitkeep", "");
    site.run(&["--prune"]).exit(0);
    site.run(&["--prune", "--verify"]).exit(0);
    site.remove(".lifthill");
    site.run(&["--prune"]).exit(0);
    assert!(site.path("output/.gitkeep").exists());
}

#[test]
fn pruning_where_the_state_is_lost_leaves_exactly_what_pages_claim() {
    let site = efteling();
    site.build();
    let ours: Vec<String> = site.output().files().map(str::to_owned).collect();
    invade(&site);
    site.remove(".lifthill");
    site.build_with(&["--prune"]).wrote(0);
    assert_eq!(site.output().files().collect::<Vec<_>>(), ours);
}
