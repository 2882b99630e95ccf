//! Dates of change in the sitemap: what the content says, and, where the settings ask for it, the last
//! commits of files. Every build of these stories is compared with a clean one, in a copy of the clone.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::site::Site;

const GIT: &str = "title = 'Parks'\nbase_url = 'https://parks.example'\n[content]\ndates = 'git'\n";

/// Runs git in a folder, as if on a day, by nobody's settings.
#[track_caller]
fn git_in(folder: &Path, day: &str, arguments: &[&str]) -> String {
    let mut git = Command::new("git");
    let time = format!("{day}T12:00:00+0000");
    git.current_dir(folder).env("GIT_AUTHOR_DATE", &time).env("GIT_COMMITTER_DATE", &time);
    git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    git.args(["-c", "user.name=E", "-c", "user.email=e@parks.example", "-c", "init.defaultBranch=main"]);
    git.args(["-c", "commit.gpgSign=false"]);
    let done = git.args(arguments).output().expect("git runs");
    assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).into_owned()
}

#[track_caller]
fn git(site: &Site, day: &str, arguments: &[&str]) {
    git_in(&site.path(""), day, arguments);
}

/// Commits all that is there.
#[track_caller]
fn commit(site: &Site, day: &str) {
    git(site, day, &["add", "-A", "content", "lifthill.toml"]);
    git(site, day, &["commit", "-q", "-m", "An edit"]);
}

/// The dates of change that the sitemap tells, by URL path; empty where it tells none.
#[track_caller]
fn told(site: &Site, part: &str) -> Vec<(String, String)> {
    let text = site.page(&format!("/sitemaps/{part}.xml"));
    let between = |text: &str, start: &str, end: &str| {
        text.split_once(start).and_then(|(_, rest)| rest.split_once(end)).map(|(found, _)| found.to_owned())
    };
    let entries = text.split("<url>").skip(1);
    let entry = |entry: &str| {
        let url = between(entry, "<loc>https://parks.example", "</loc>").expect("an address");
        (url, between(entry, "<lastmod>", "</lastmod>").unwrap_or_default())
    };
    entries.map(entry).collect()
}

fn told_of(site: &Site, part: &str, url: &str) -> String {
    told(site, part).into_iter().find(|(one, _)| one == url).map(|(_, day)| day).expect("an entry")
}

fn parks() -> Site {
    Site::new()
        .park("efteling", "name = 'Efteling'\ncountry = 'NL'")
        .park("toverland", "name = 'Toverland'\ncountry = 'NL'")
        .ride("efteling/python", "name = 'Python'\ncategory = 'roller_coaster'")
}

/// The same as a clone whose first commit was made on the first of January.
fn clone() -> Site {
    let site = parks().file("lifthill.toml", GIT);
    git(&site, "2026-01-01", &["init", "-q"]);
    commit(&site, "2026-01-01");
    site
}

#[test]
fn what_the_content_says_of_its_changes_is_in_the_sitemap() {
    let site = parks()
        .company("vekoma", "name = 'Vekoma'\nupdated = '2025-03'")
        .article("loops", "title = 'Loops'\ndate = 2025-05-01")
        .article("chains", "title = 'Chains'\ndate = 2025-05-01\nupdated = 2025-06-02");
    site.build();
    assert_eq!(told(&site, "company-1"), [("/companies/vekoma/".to_owned(), "2025-03".to_owned())]);
    assert_eq!(told_of(&site, "article-1", "/articles/loops/"), "2025-05-01", "an article has its date");
    assert_eq!(told_of(&site, "article-1", "/articles/chains/"), "2025-06-02");
    assert_eq!(told_of(&site, "park-1", "/parks/efteling/"), "", "no date is made up");
    site.edit("content/articles/loops.md", "2025-05-01", "2025-05-03");
    let built = site.build();
    assert!(built.rendered_files().contains(&"sitemaps/article-1.xml".to_owned()));
    assert_eq!(told_of(&site, "article-1", "/articles/loops/"), "2025-05-03");
}

#[test]
fn a_commit_dates_just_what_it_changed() {
    let site = clone();
    site.build();
    assert_eq!(told_of(&site, "park-1", "/parks/efteling/"), "2026-01-01");
    assert_eq!(told_of(&site, "ride-1", "/parks/efteling/rides/python/"), "2026-01-01");
    site.edit("content/parks/efteling/index.md", "'Efteling'\n", "'Efteling'\n# A remark.\n");
    site.build();
    assert_eq!(told_of(&site, "park-1", "/parks/efteling/"), "2026-01-01", "what is not committed has no date yet");
    commit(&site, "2026-02-02");
    site.build().rendered(["/parks/efteling/", "/sitemaps/park-1.xml"]);
    assert_eq!(told_of(&site, "park-1", "/parks/efteling/"), "2026-02-02");
    assert_eq!(told_of(&site, "park-1", "/parks/toverland/"), "2026-01-01");
    // A commit of something else is no news of any page, nor is one of the same day.
    site.write("content/_notes.md", "Nothing.");
    commit(&site, "2026-03-03");
    site.build().rendered([]).wrote(0);
    let (_, why, _) = site.command(&["why", "park:efteling"]);
    assert!(why.contains("record park:efteling: updated"), "{why}");
}

#[test]
fn a_commit_that_changes_only_dates_updates_only_what_shows_them() {
    let site = clone();
    site.build();
    git(&site, "2026-02-02", &["commit", "-q", "--amend", "--reset-author", "-m", "The same on another day"]);
    site.build().rendered([
        "/parks/efteling/",
        "/parks/toverland/",
        "/parks/efteling/rides/python/",
        "/sitemaps/park-1.xml",
        "/sitemaps/ride-1.xml",
    ]);
    assert_eq!(told_of(&site, "park-1", "/parks/toverland/"), "2026-02-02");
    git(&site, "2026-02-02", &["reset", "-q", "--soft", "HEAD"]);
    site.build().rendered([]);
    site.edit("lifthill.toml", "dates = 'git'\n", "");
    site.build();
    assert_eq!(told_of(&site, "park-1", "/parks/efteling/"), "");
    site.edit("lifthill.toml", "[content]\n", "[content]\ndates = 'git'\n");
    site.build();
    assert_eq!(told_of(&site, "park-1", "/parks/efteling/"), "2026-02-02");
}

#[test]
fn what_a_file_says_itself_goes_before_its_commit() {
    let site = clone();
    site.edit("content/parks/efteling/index.md", "country", "updated = '2020-05'\ncountry");
    site.write("content/parks/new/index.md", "+++\nname = 'New'\n+++\n");
    site.build();
    assert_eq!(told_of(&site, "park-1", "/parks/efteling/"), "2020-05");
    assert_eq!(told_of(&site, "park-1", "/parks/new/"), "", "a file that was never committed has no date");
    commit(&site, "2026-02-02");
    site.build().rendered(["/parks/new/", "/sitemaps/park-1.xml"]);
    assert_eq!(told_of(&site, "park-1", "/parks/efteling/"), "2020-05");
}

#[test]
fn branches_merges_and_renames_are_dated_as_a_clean_build_dates_them() {
    let site = clone();
    site.build();
    git(&site, "2026-01-05", &["checkout", "-q", "-b", "side"]);
    site.edit("content/parks/toverland/index.md", "'Toverland'", "'Attractiepark Toverland'");
    commit(&site, "2026-01-05");
    git(&site, "2026-01-10", &["checkout", "-q", "main"]);
    site.edit("content/parks/efteling/index.md", "'Efteling'", "'De Efteling'");
    commit(&site, "2026-01-10");
    site.build();
    git(&site, "2026-01-20", &["merge", "-q", "--no-ff", "-m", "Both", "side"]);
    site.build();
    assert_eq!(told_of(&site, "park-1", "/parks/toverland/"), "2026-01-05", "a merge changes nothing by itself");
    assert_eq!(told_of(&site, "park-1", "/parks/efteling/"), "2026-01-10");
    site.rename("content/parks/efteling/rides/python.md", "content/parks/efteling/rides/python-2.md");
    commit(&site, "2026-01-25");
    site.build();
    assert_eq!(told_of(&site, "ride-1", "/parks/efteling/rides/python-2/"), "2026-01-25");
    // Back in time, and to a history that shares nothing with this one.
    git(&site, "2026-01-26", &["checkout", "-q", "--detach", "HEAD~2"]);
    site.build();
    assert_eq!(told_of(&site, "park-1", "/parks/toverland/"), "2026-01-01");
    git(&site, "2026-01-30", &["checkout", "-q", "--orphan", "afresh"]);
    commit(&site, "2026-01-30");
    site.build();
    assert_eq!(told_of(&site, "park-1", "/parks/efteling/"), "2026-01-30");
}

#[test]
fn a_shallow_clone_says_that_it_does_not_know() {
    let site = clone();
    site.edit("content/parks/toverland/index.md", "'Toverland'", "'Attractiepark Toverland'");
    commit(&site, "2026-02-02");
    site.edit("content/parks/efteling/rides/python.md", "'Python'", "'Python II'");
    commit(&site, "2026-03-03");
    let from = format!("file://{}", site.path("").display());
    let shallow = Site::new();
    fs::remove_dir_all(shallow.path("")).expect("an empty site");
    git_in(shallow.outside(), "2026-03-04", &["clone", "-q", "--depth", "2", &from, "site"]);
    let built = shallow.build();
    built.says("this clone is shallow").says("fetch-depth: 0");
    assert_eq!(told_of(&shallow, "ride-1", "/parks/efteling/rides/python/"), "2026-03-03");
    assert_eq!(
        told_of(&shallow, "park-1", "/parks/toverland/"),
        "",
        "its last commit may be the edge's or an older one"
    );
    assert_eq!(told_of(&shallow, "park-1", "/parks/efteling/"), "");
    git(&shallow, "2026-03-05", &["fetch", "-q", "--unshallow"]);
    shallow.build().never_says("shallow");
    assert_eq!(told_of(&shallow, "park-1", "/parks/toverland/"), "2026-02-02");
    assert_eq!(told_of(&shallow, "park-1", "/parks/efteling/"), "2026-01-01");
}

#[test]
fn a_site_that_is_in_no_clone_is_told_so() {
    let site = parks().file("lifthill.toml", GIT);
    let code = site.try_build(&[]).says("needs a clone of a git repository").code();
    assert_eq!(code, 1);
    git(&site, "2026-01-01", &["init", "-q"]);
    site.build();
    assert_eq!(told_of(&site, "park-1", "/parks/efteling/"), "", "nothing is committed yet");
    site.edit("lifthill.toml", "'git'", "'gti'");
    site.fails().says("did you mean `git`?");
}

#[test]
fn a_site_may_be_a_folder_of_a_larger_repository() {
    let site = parks().file("lifthill.toml", GIT);
    git_in(site.outside(), "2026-01-01", &["init", "-q"]);
    git_in(site.outside(), "2026-01-01", &["add", "-A"]);
    git_in(site.outside(), "2026-01-01", &["commit", "-q", "-m", "All"]);
    site.run(&[]).exit(0);
    assert_eq!(told_of(&site, "park-1", "/parks/efteling/"), "2026-01-01");
}

/// A `git` before the real one that writes down what it is asked.
#[cfg(unix)]
#[test]
fn the_history_is_read_only_where_another_commit_is_checked_out() {
    use std::os::unix::fs::PermissionsExt;
    let site = clone();
    let folder = site.outside().join("bin");
    fs::create_dir(&folder).expect("a folder");
    let real = Command::new("sh").args(["-c", "command -v git"]).output().expect("a shell");
    let real = String::from_utf8(real.stdout).expect("a path");
    let book = site.outside().join("asked");
    let script = format!("#!/bin/sh\necho \"$@\" >> {}\nexec {} \"$@\"\n", book.display(), real.trim());
    fs::write(folder.join("git"), script).expect("a script");
    fs::set_permissions(folder.join("git"), fs::Permissions::from_mode(0o755)).expect("a script that runs");
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    // Whatever a hook or a shell says of another repository.
    let variables = [("PATH", path.as_str()), ("GIT_DIR", "/nowhere"), ("TZ", "Pacific/Kiritimati")];
    let asked = |site: &Site| {
        let _ = fs::remove_file(&book);
        let status = site.spawn(&["build"], &variables).wait().expect("it ends");
        assert_eq!(status.code(), Some(0));
        let text = fs::read_to_string(&book).unwrap_or_default();
        let words = ["rev-parse", "merge-base", " log "].map(|word| text.matches(word).count());
        (words[0], words[1], words[2])
    };
    assert_eq!(asked(&site), (1, 0, 1), "a first build reads it all");
    assert_eq!(asked(&site), (1, 0, 0));
    site.edit("content/parks/efteling/index.md", "'Efteling'", "'De Efteling'");
    assert_eq!(asked(&site), (1, 0, 0), "an edit is no commit");
    commit(&site, "2026-02-02");
    assert_eq!(asked(&site), (1, 1, 1));
    let log = fs::read_to_string(&book).expect("what was asked");
    assert!(log.contains(".."), "only what has come to it is read: {log}");
    assert_eq!(asked(&site), (1, 0, 0));
    assert_eq!(told_of(&site, "park-1", "/parks/efteling/"), "2026-02-02");
    site.write("README", "No content.");
    git(&site, "2026-02-03", &["add", "README"]);
    git(&site, "2026-02-03", &["commit", "-q", "-m", "No content"]);
    assert_eq!(asked(&site), (1, 1, 1));
    assert_eq!(asked(&site), (1, 0, 0), "a commit without content is known, too");
}

#[test]
fn a_random_history_of_a_site_with_dates_is_right() {
    let site = clone();
    site.build();
    let (code, _, told) = site.command(&["check", "--history", "12", "--seed", "3", "--now", "2026-01-01"]);
    assert_eq!(code, 0, "{told}");
}
