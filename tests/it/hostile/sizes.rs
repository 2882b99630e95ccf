//! Files that are larger than anybody means: refused with their size and the limit, or worked on a piece at a
//! time. The address space of these builds is smaller than the files.

use super::{build, run, small, sparse};

#[test]
fn what_is_too_large_is_said_to_be() {
    for (path, megabytes, words) in [
        ("assets/x.bin", 3_072, "is 3072 MB; at most 1024 MB is read here"),
        ("assets/x.css", 3_072, "is 3072 MB; at most 16 MB is read here"),
        ("assets/x.scss", 3_072, "is 3072 MB; at most 16 MB is read here"),
        ("assets/x.svg", 300, "is 300 MB; at most 16 MB is read here"),
        ("templates/ride.html", 2_048, "is 2048 MB; at most 512 KB is read here"),
        ("content/articles/x.md", 2_048, "is 2048 MB; at most 512 KB is read here"),
        ("content/parks/efteling/reviews.jsonl", 120, "is 120 MB; at most 16 MB is read here"),
        ("content/parks/efteling/areas.toml", 7, "is 7 MB; at most 512 KB is read here"),
    ] {
        let site = small();
        sparse(&site, path, megabytes);
        build(&site).exit(1).says(words).says(path);
    }
    let site = small();
    sparse(&site, "lifthill.toml", 2_048);
    build(&site).exit(2).says("is 2048 MB; at most 512 KB is read here");
    run(&site, &["check"]).exit(2).says("is 2048 MB; at most 4 MB is read here");
    let site = small();
    sparse(&site, "content/parks/efteling/photos/a.jpg", 3_072);
    build(&site).exit(2).says("is too little for content/parks/efteling/photos/a.jpg");
}

#[test]
fn what_is_only_copied_is_copied_piece_by_piece() {
    let site = small();
    sparse(&site, "assets/video.mp4", 900);
    build(&site).exit(0);
    let copied = site.output().files().find(|path| path.ends_with(".mp4")).expect("a copy").to_owned();
    assert_eq!(std::fs::metadata(site.path(&format!("output/{copied}"))).expect("a copy").len(), 900 << 20);
    // Again it does nothing, and what has changed since is copied anew.
    build(&site).exit(0).says(" 0 rendered");
    std::fs::write(site.path("assets/video.mp4"), b"short").expect("a file");
    build(&site).exit(0);
    let copied: Vec<String> = site.output().files().filter(|path| path.ends_with(".mp4")).map(str::to_owned).collect();
    assert_eq!(copied.len(), 1, "{copied:?}");
    site.build();
}

#[test]
fn what_is_kept_between_builds_is_bounded() {
    for (path, megabytes) in [("journal", 2_048), ("state.redb", 3_072), ("seal", 3_072), ("lock", 3_072)] {
        let site = small();
        site.build();
        sparse(&site, &format!(".lifthill/{path}"), megabytes);
        build(&site).exit(0);
        // And nothing is the worse for it.
        site.build();
    }
}
