//! What editors, systems and sync tools leave among a site's files, and what the site itself leaves out.

use super::*;
use crate::site::picture;

const RIDES: &str = "content/parks/efteling/rides";

#[test]
fn what_is_left_behind_is_nobodys_file_wherever_it_lies() {
    let site = small();
    site.build();
    for folder in [RIDES, "content/articles", "content/parks/efteling", "content", "assets", "assets/css", "templates"]
    {
        for name in [
            "#python.md#",
            "Thumbs.db",
            "desktop.ini",
            "python.md.orig",
            "4913",
            "python.md___jb_tmp___",
            "~$python.md",
            "x.swp",
        ] {
            site.write(&format!("{folder}/{name}"), "left behind");
        }
        site.write(&format!("{folder}/@eaDir/python.md/SYNO@.md"), "left behind");
    }
    site.write("content/parks/efteling/photos/Thumbs.db", "left behind");
    let built = site.build();
    built.rendered([]).wrote(0);
    assert_eq!(built.messages(), Vec::<String>::new());
}

#[test]
fn a_conflict_copy_names_its_twin_until_one_of_them_is_gone() {
    let site = small();
    let text = fs::read_to_string(site.path(BARON)).unwrap();
    for copy in [
        "baron-1898.sync-conflict-20240102-101112-ABCDEFG.md",
        "baron-1898 (conflicted copy 2024-01-02).md",
        "baron-1898 - Copy.md",
        "Baron 1898 (1).md",
    ] {
        site.write(&format!("{RIDES}/{copy}"), &text);
    }
    let told = |built: &crate::site::Built| built.stderr().matches("seems to be a copy of").count();
    let built = site.build();
    built.says(&format!("warning: seems to be a copy of {BARON}, and becomes a page beside its page\n  --> {RIDES}/baron-1898 - Copy.md\n"));
    assert_eq!(told(&built), 4);
    // Nothing of them changed, and it is said all the same.
    site.edit("content/articles/loops.md", "Round", "Square");
    let built = site.build();
    built.rendered(["/articles/loops/"]);
    assert_eq!(told(&built), 4);
    site.rename(BARON, &format!("{RIDES}/another.md"));
    assert_eq!(told(&site.build()), 0, "copies of nothing that is there");
    site.rename(&format!("{RIDES}/another.md"), BARON);
    site.remove(&format!("{RIDES}/baron-1898 - Copy.md"));
    assert_eq!(told(&site.build()), 3);
}

#[test]
fn the_site_s_own_list_is_an_input() {
    let site = small().file("content/notes.txt", "notes").file("assets/raw/x.psd", "8BPS");
    site.fails().says("content/notes.txt");
    site.write(".lifthillignore", "\u{feff}# ours\n*.txt\n/assets/raw/\n");
    site.build().never_says("notes.txt");
    assert!(!site.page("/assets/manifest.json").contains("x.psd"));
    site.write(".lifthillignore", "*.txt\nloops.md\n");
    site.build();
    assert!(!site.has("/articles/loops/"), "what is left out now has no page");
    assert!(site.page("/assets/manifest.json").contains("x.psd"));
    site.write(".lifthillignore", "*.txt\n/content/parks/*/rides/\n");
    site.build();
    assert!(site.has("/articles/loops/") && !site.has("/parks/efteling/rides/baron-1898/"));
    site.write(".lifthillignore", "*.txt\n[z-a]\n");
    site.fails().says("  --> .lifthillignore:2:1\n");
    site.write(".lifthillignore", b"\xff\xfe*\0.\0t\0x\0t\0".as_slice());
    site.fails().says("is UTF-16 text");
    site.remove(".lifthillignore");
    site.remove("content/notes.txt");
    site.build();
    assert!(site.has("/parks/efteling/rides/baron-1898/"));
}

#[test]
fn a_picture_is_found_however_its_accents_are_written() {
    let list = "[[photo]]\nfile = 'cafe\u{301}.png'\nalt = 'A café.'\n\n[[photo]]\nfile = 'é.png'\nalt = 'An é.'\n";
    let site = small()
        .file("content/parks/efteling/photos.toml", list)
        .file("content/parks/efteling/photos/café.png", picture(1))
        .file("content/parks/efteling/photos/e\u{301}.png", picture(2));
    site.build();
    let html = site.page("/parks/efteling/");
    assert!(html.contains("A café.") && html.contains("An é."), "{html}");
    site.rename("content/parks/efteling/photos/café.png", "content/parks/efteling/photos/cafe\u{301}.png");
    site.build();
    assert_eq!(site.page("/parks/efteling/"), html, "another way to write a name is another name for nobody");
    site.write("content/parks/efteling/photos/café.png", picture(3));
    site.fails().says("differ only in how accents are written");
}
