//! The target on a web server's own machine.

use std::fs;
use std::path::{Path, PathBuf};

use super::{catalogue, urls_in};
use crate::site::Site;
use crate::tree::Tree;

struct Www {
    site: Site,
    place: PathBuf,
}

impl Www {
    fn new(site: Site) -> Self {
        let place = site.outside().join("www");
        site.write(
            "lifthill.toml",
            format!(
                "title = 'Parks'\nbase_url = 'https://parks.example'\n[publish.live]\nto = 'file://{}'\n",
                place.display()
            ),
        );
        Self { site, place }
    }

    #[track_caller]
    fn publish(&self, arguments: &[&str]) -> String {
        let (code, _, talk) = self.try_publish(arguments);
        assert_eq!(code, 0, "{talk}");
        talk
    }

    fn try_publish(&self, arguments: &[&str]) -> (i32, String, String) {
        self.site.command(&[&["publish"], arguments].concat())
    }

    fn live(&self) -> Tree {
        Tree::of(&self.place.join("current/"))
    }

    #[track_caller]
    fn shows_the_output(&self) {
        let found = self.live().differences(&self.site.output());
        let wrong: Vec<_> = found.iter().filter(|one| !one.contains("only on the left: assets/")).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    fn releases(&self) -> usize {
        fs::read_dir(self.place.join("releases")).expect("releases").count()
    }
}

#[test]
fn a_release_is_live_in_one_step_and_shares_what_is_unchanged() {
    let www = Www::new(catalogue());
    www.publish(&["--now", "2026-01-01"]);
    www.shows_the_output();
    let link = |place: &Path| fs::read_link(place.join("current")).expect("a link");
    let first = link(&www.place);
    assert!(www.publish(&["--now", "2026-01-01"]).contains("nothing to do"));
    assert_eq!(link(&www.place), first);

    www.site.edit("content/parks/efteling/rides/ride-3.md", "'Ride 3 of efteling'", "'Baron'");
    www.publish(&["--now", "2026-01-02", "live"]);
    www.shows_the_output();
    assert_ne!(link(&www.place), first);
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let inode =
            |release: &Path, file: &str| fs::metadata(www.place.join(release).join(file)).expect("a file").ino();
        let (old, new) = (first, link(&www.place));
        let (same, other) = ("parks/toverland/rides/ride-1/index.html", "parks/efteling/rides/ride-3/index.html");
        assert_eq!(inode(&old, same), inode(&new, same), "what is unchanged is shared");
        assert_ne!(inode(&old, other), inode(&new, other));
    }
}

#[test]
fn a_changed_file_of_the_same_size_has_another_second() {
    let www = Www::new(catalogue());
    let page = "current/parks/efteling/rides/ride-3/index.html";
    let seconds = || {
        let modified = fs::metadata(www.place.join(page)).and_then(|file| file.modified()).expect("a time");
        modified.duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs()
    };
    www.publish(&["--now", "2026-01-01"]);
    let first = seconds();
    www.site.edit("content/parks/efteling/rides/ride-3.md", "'Ride 3 of", "'Rode 3 of");
    www.publish(&["--now", "2026-01-01"]);
    assert!(seconds() > first, "nginx would answer 304 with the old page");
}

#[test]
fn yesterdays_pages_find_their_assets_and_a_rollback_brings_them_back() {
    let www = Www::new(catalogue());
    www.publish(&["--now", "2026-01-01"]);
    let old = www.live();
    www.site.write("assets/css/site.css", "body { color: teal }");
    www.site.remove("content/parks/toverland/rides/ride-5.md");
    let list = www.site.outside().join("list");
    let (code, _, talk) = www.try_publish(&["--now", "2026-01-02"]);
    assert_eq!(code, 5, "a URL would break: {talk}");
    assert!(talk.contains("/parks/toverland/rides/ride-5/ was published and would be gone"), "{talk}");
    let gone = ["--now", "2026-01-02", "--allow-gone", "/parks/toverland/rides/*"];
    www.publish(&[&gone[..], &["--purge-list", list.to_str().expect("a path")]].concat());
    let new = www.live();
    for (page, text) in old.files().filter(|file| file.ends_with(".html")).map(|file| (file, old.bytes(file))) {
        let text = String::from_utf8_lossy(text.expect("a page")).into_owned();
        let assets = old.files().filter(|file| file.starts_with("assets/") && text.contains(&format!("/{file}")));
        assets.for_each(|asset| assert!(new.bytes(asset).is_some(), "yesterday's {page} misses {asset}"));
    }
    assert!(urls_in(&fs::read_to_string(&list).expect("a list")).contains("/parks/toverland/rides/ride-5/"));

    www.publish(&["--rollback", "--now", "2026-01-03"]);
    let back: Vec<_> =
        www.live().differences(&old).into_iter().filter(|one| !one.contains("only on the left: assets/")).collect();
    assert!(back.is_empty(), "{back:#?}");
    let (_, lines, _) = www.try_publish(&["--list"]);
    assert_eq!(lines.lines().count(), 3, "{lines}");
    assert!(lines.contains("(live)") && lines.contains("a return to"), "{lines}");
}

#[test]
fn releases_are_kept_for_three_releases_and_thirty_days() {
    let www = Www::new(catalogue());
    for (day, count) in [("2026-01-01", 1), ("2026-01-02", 2), ("2026-01-03", 3), ("2026-01-04", 4), ("2026-02-03", 3)]
    {
        www.site.write("assets/css/site.css", format!("body {{ --day: '{day}' }}"));
        www.publish(&["--now", day]);
        assert_eq!(www.releases(), count, "on {day}");
    }
}

#[test]
fn a_plan_is_applied_as_it_was_made_or_not_at_all() {
    let www = Www::new(catalogue());
    www.publish(&["--now", "2026-01-01"]);
    www.site.edit("content/parks/efteling/rides/ride-3.md", "'Ride 3 of", "'Ride three of");
    let before = Tree::of(&www.place);
    let (code, text, _) = www.try_publish(&["--dry-run", "--now", "2026-01-02"]);
    assert_eq!(code, 0);
    assert!(text.contains("~ parks/efteling/rides/ride-3/index.html"), "{text}");
    let (_, plan, _) = www.try_publish(&["--dry-run", "--json", "--now", "2026-01-02"]);
    assert!(Tree::of(&www.place).touched_since(&before).is_empty(), "a dry run touches nothing");
    let file = www.site.outside().join("plan.json");
    fs::write(&file, &plan).expect("a plan");
    let apply = ["--apply", file.to_str().expect("a path"), "--now", "2026-01-02"];
    www.site.edit("content/parks/efteling/rides/ride-4.md", "'Ride 4 of", "'Ride four of");
    let (code, _, talk) = www.try_publish(&apply);
    assert!(code == 5 && talk.contains("the site has changed since the plan was made"), "{code} {talk}");
    www.site.edit("content/parks/efteling/rides/ride-4.md", "'Ride four of", "'Ride 4 of");
    www.publish(&apply);
    www.shows_the_output();
    let (code, _, talk) = www.try_publish(&apply);
    assert!(code == 5 && talk.contains("the target has moved"), "{code} {talk}");
}

#[test]
fn an_audit_finds_and_mends_what_somebody_else_did() {
    let www = Www::new(catalogue());
    www.publish(&["--now", "2026-01-01"]);
    fs::remove_file(www.place.join("current/robots.txt")).expect("a file");
    let page = www.place.join("current/parks/efteling/index.html");
    fs::write(&page, "defaced").expect("a page");
    let talk = www.publish(&["--audit", "--now", "2026-01-02"]);
    assert!(talk.contains("robots.txt is missing"), "{talk}");
    assert!(talk.contains("parks/efteling/index.html holds other bytes"), "{talk}");
    www.shows_the_output();
}

#[test]
fn mistakes_in_targets_are_found_with_their_place() {
    let site = catalogue();
    site.write(
        "lifthill.toml",
        "[publish.live]\nto = 's4://bucket'\nhots = 'netlify'\n[publish.live.purge]\nservice = 'fastyl'\n",
    );
    let (code, _, talk) = site.command(&["publish"]);
    assert_eq!(code, 2, "{talk}");
    for words in
        ["`s4` is none of s3, gs, az and file", "lifthill.toml:2:", "did you mean `host`", "did you mean `fastly`"]
    {
        assert!(talk.contains(words), "nobody said `{words}`:\n{talk}");
    }
    site.write("lifthill.toml", "[publish.live]\nto = 'file:///srv/www'\n");
    let (code, _, talk) = site.command(&["publish", "life"]);
    assert!(code == 2 && talk.contains("did you mean `live`"), "{talk}");
}

#[test]
fn a_live_release_that_lost_something_points_at_the_audit_and_is_mended_by_it() {
    let www = Www::new(catalogue());
    www.publish(&["--now", "2026-01-01"]);
    let live = |www: &Www| fs::read_link(www.place.join("current")).expect("a link");
    for (day, lost) in [("02", "record"), ("04", "page"), ("06", "folder")] {
        let id = live(&www).file_name().expect("a release").to_owned();
        let folder = www.place.join("releases").join(&id);
        match lost {
            "record" => fs::remove_file(www.place.join("manifests").join(&id)).expect("a record"),
            "page" => fs::remove_file(folder.join("parks/toverland/index.html")).expect("a page"),
            _ => fs::remove_dir_all(folder).expect("a folder"),
        }
        www.site.write("content/parks/efteling/index.md", format!("+++\nname = 'Efteling {day}'\n+++\n"));
        let now = format!("2026-01-{day}");
        let (code, _, told) = www.try_publish(&["--now", &now]);
        assert!(code == 3 && told.contains("`lifthill publish --audit`"), "{lost}: {code} {told}");
        www.publish(&["--now", &now, "--audit"]);
        www.shows_the_output();
        assert!(www.publish(&["--now", &now]).contains("nothing to do"), "{lost}");
    }
}

#[test]
fn a_release_that_lost_something_cannot_be_gone_back_to_and_says_so() {
    let www = Www::new(catalogue());
    www.publish(&["--now", "2026-01-01"]);
    let first = fs::read_link(www.place.join("current")).expect("a link");
    www.site.edit("content/parks/efteling/rides/ride-3.md", "'Ride 3 of efteling'", "'Baron'");
    www.publish(&["--now", "2026-01-02"]);
    fs::remove_file(www.place.join(&first).join("parks/efteling/rides/ride-3/index.html")).expect("a page");
    let (code, _, told) = www.try_publish(&["--rollback", "--now", "2026-01-03"]);
    assert!(code == 3 && told.contains("is no longer whole") && told.contains("--list"), "{code} {told}");
    www.shows_the_output();
}

#[test]
fn what_visitors_see_stays_although_the_register_is_lost() {
    let www = Www::new(catalogue());
    www.publish(&["--now", "2026-01-01"]);
    let live = www.place.join(fs::read_link(www.place.join("current")).expect("a link"));
    fs::remove_file(www.place.join("register.json")).expect("the register");
    // The release in the making cannot be finished: something of somebody's stands where it belongs.
    www.site.remove("output/parks/toverland/index.html");
    let (code, ..) = www.try_publish(&["--no-build", "--now", "2026-01-02"]);
    assert_ne!(code, 0);
    assert!(live.join("index.html").exists(), "the live release was removed before there was another");
    www.publish(&["--now", "2026-01-02"]);
    www.shows_the_output();
}
