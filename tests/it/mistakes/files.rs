//! Files that are too large, not text, not files, or not where they belong.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use insta::assert_snapshot;

use super::*;
use crate::site::markdown;

#[test]
fn bytes_that_are_not_utf_8() {
    let site = small();
    site.write(BARON, b"+++\nname = 'Baron'\ncategory = 'other'\n+++\n\nna\xc3\xafve \xff!\n");
    assert_snapshot!(said(&site), @r"
    error: byte 0xff is not UTF-8
      --> content/parks/efteling/rides/baron-1898.md:6:7
       |
     6 | naïve �!
       |       ^
      = help: save the file as UTF-8
    ");
}

#[test]
fn a_file_of_200_megabytes() {
    let site = small();
    let file = fs::File::create(site.path("content/articles/large.md")).unwrap();
    file.set_len(200 << 20).unwrap();
    assert_snapshot!(said(&site), @r"
    error: is 200 MB; at most 8 MB is read here
      --> content/articles/large.md
    ");
}

#[test]
fn a_folder_named_like_a_file() {
    let site = small();
    fs::create_dir_all(site.path("content/parks/phantasialand/index.md")).unwrap();
    fs::create_dir_all(site.path("content/companies/mack.md/x")).unwrap();
    assert_snapshot!(said(&site), @r"
    error: is a folder, but its name is that of a content file
      --> content/companies/mack.md

    error: is a folder, but its name is that of a content file
      --> content/parks/phantasialand/index.md
    ");
}

#[test]
fn what_is_neither_file_nor_folder() {
    let site = small();
    let pipe = site.path("content/articles/pipe.md");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let built = site.run(&[]);
    built.exit(1);
    assert_snapshot!(built.problems(), @r"
    error: is neither a file nor a folder
      --> content/articles/pipe.md
    ");
}

#[test]
fn a_file_name_that_is_not_utf_8() {
    let site = small();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.md");
    fs::write(site.path("content/articles").join(name), markdown("title = 'Café'\ndate = 2024-01-01")).unwrap();
    site.fails().exit(1).says("not UTF-8").says("content/articles/caf");
}

#[test]
fn a_file_that_belongs_nowhere() {
    let site = small()
        .file("content/parks/efteling/indx.md", "")
        .file("content/parks/efteling/rides/baron.markdown", "")
        .file("content/notes.txt", "")
        .file("content/_notes.txt", "")
        .file("content/.DS_Store", "")
        .file("content/articles/loops.md~", "");
    assert_snapshot!(said(&site), @r"
    error: notes.txt is not part of a site's content
      --> content/notes.txt
      = help: known here: parks, companies, models, articles; begin a name with `_` to leave a file out

    error: parks/efteling/indx.md is not part of a site's content
      --> content/parks/efteling/indx.md
      = help: did you mean `index.md`?

    error: is not a content file: only `.md` files are read here
      --> content/parks/efteling/rides/baron.markdown
      = help: rename it to `baron.md`, or begin the name of parks/efteling/rides/baron.markdown with `_` to leave it out
    ");
}

#[test]
fn a_folder_where_a_page_should_be() {
    let site = small();
    site.write("output/articles/loops/index.html/foreign.txt", "Not yours.");
    let built = site.run(&[]);
    assert!([1, 3].contains(&built.code()), "{}", built.stderr());
    built.says("articles/loops/index.html");
    assert_eq!(site.page("/articles/loops/index.html/foreign.txt"), "Not yours.");
    site.remove("output/articles/loops/index.html");
    site.build();
}

#[test]
fn odd_files_that_are_fine() {
    let site = small();
    site.write(BARON, "\u{feff}+++\r\nname = 'Baron'\r\ncategory = 'other'\r\n+++\r\n\r\nA *mine*.\r\n");
    site.write("content/articles/empty.md", "+++\ntitle = 'Empty'\ndate = 2024-01-01\n+++");
    site.write("content/parks/efteling/reviews.jsonl", "\n\n");
    site.write("content/parks/efteling/areas.toml", "");
    site.write("content/parks/efteling/photos.toml", "");
    site.build();
    assert!(site.page("/parks/efteling/rides/baron-1898/").contains("<em>mine</em>"));
    assert!(site.has("/articles/empty/"));
}
