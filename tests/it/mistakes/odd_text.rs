//! Text with a byte order mark, in another encoding, or with characters that no page can hold; names whose accents
//! are written in another way.

use super::*;

const MARK: &str = "\u{feff}";

/// Text as UTF-16 with its byte order mark, as Windows writes it.
fn utf_16(text: &str) -> Vec<u8> {
    MARK.encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_byte_order_mark_says_nothing_wherever_it_stands() {
    let plain = small();
    let marked = small();
    let files = [
        ("templates/404.html", "<!DOCTYPE html><html lang=\"en\"><title>Lost</title><p>Lost.</p></html>\n"),
        (
            "templates/feed.xml",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\"/>\n",
        ),
        ("assets/css/own.css", "a{color:red}\n"),
        ("assets/css/sass.scss", "@import 'part';\na { b { color: $c } }\n"),
        ("assets/css/_part.scss", "$c: blue;\n"),
        ("assets/js/own.js", "console.log(1);\n"),
        ("content/articles/marked.md", "+++\ntitle = 'Marked'\ndate = 2024-01-01\n+++\nText.\n"),
        ("content/articles/yaml.md", "---\ntitle: Marked too\ndate: 2024-01-01\n---\nText.\n"),
        ("content/parks/efteling/areas.toml", "[[area]]\nname = 'Reizenrijk'\n"),
        ("content/parks/efteling/reviews.jsonl", "{\"author\":\"Mia\",\"rating\":8,\"created\":\"2024-01-01\"}\n"),
        ("lifthill.toml", "title = 'Parks'\nbase_url = 'https://parks.example'\n"),
        (".lifthillignore", "*.psd\n"),
    ];
    for (file, text) in files {
        plain.write(file, text);
        marked.write(file, format!("{MARK}{text}"));
    }
    plain.build();
    marked.build();
    let found = marked.output().differences(&plain.output());
    assert!(found.is_empty(), "a mark makes a difference:\n{}", found.join("\n"));
}

#[test]
fn another_encoding_is_called_by_its_name() {
    let site = small()
        .file("content/articles/windows.md", utf_16("+++\ntitle = 'A'\ndate = 2024-01-01\n+++\n"))
        .file("content/parks/efteling/areas.toml", utf_16("[[area]]\nname = 'B'\n"))
        .file("templates/404.html", utf_16("<p>Lost.</p>"));
    let told = said(&site);
    for file in ["content/articles/windows.md", "content/parks/efteling/areas.toml", "templates/404.html"] {
        assert!(
            told.contains(&format!(
                "error: is UTF-16 text, and only UTF-8 is read\n  --> {file}\n  = help: save the file as UTF-8"
            )),
            "{told}"
        );
    }
    let site = small().file("assets/css/windows.css", utf_16("a{color:red}"));
    site.build().says(
        "warning: is UTF-16 text, and only UTF-8 is read; it is published as it is\n  --> assets/css/windows.css\n",
    );
    site.write("lifthill.toml", utf_16("title = 'A'"));
    let (code, _, talk) = site.command(&["build"]);
    assert!(code != 0 && talk.contains("is UTF-16 text"), "{talk}");
}

#[test]
fn characters_that_no_page_can_hold_are_refused() {
    for (front, c) in [
        ("name = \"Py\\u000Bthon\"\ncategory = 'other'", "U+000B"),
        ("name = \"Py\\uFFFFthon\"\ncategory = 'other'", "U+FFFF"),
        ("name = 'Python'\ncategory = 'other'\ndescription = \"\\u001B[31m\"", "U+001B"),
        ("name = 'Python'\ncategory = 'other'\n[extra]\na = { b = [\"\\u0000\"] }", "U+0000"),
        ("name = 'Python'\ncategory = 'other'\n[[history]]\ndate = 2024\ntitle = \"\\uFDD0\"", "U+FDD0"),
    ] {
        let told = said_of_ride(front);
        assert!(told.contains(&format!("holds the character {c}, which no page can show")), "{told}");
        assert!(!told.contains('\u{1b}'), "a terminal would obey this");
    }
    for c in ['\0', '\u{b}', '\u{1b}', '\u{ffff}', '\u{85}'] {
        let told = said_of_ride(&format!("name = 'Python'\ncategory = 'other'\n+++\nOne.\n\nTw{c}o."));
        assert!(told.contains("`body` holds the character"), "{told:?}");
        assert!(told.contains(&format!("  --> {BARON}:8:3\n")), "{told}");
    }
    let site = small().file("lifthill.toml", "base_url = 'https://x.example'\n[extra]\nmotto = \"\\uFFFE\"\n");
    let (code, _, talk) = site.command(&["build"]);
    assert!(code != 0 && talk.contains("`motto` holds the character U+FFFE"), "{talk}");
    let site = small().file("templates/feed.xml", "<feed>\n\u{c}</feed>");
    site.fails().says("the character U+000C can stand in no page").says("  --> templates/feed.xml:2:1\n");
}

#[test]
fn a_visitor_s_words_are_shown_without_them() {
    let site = small();
    site.write(
        "content/parks/efteling/reviews.jsonl",
        "{\"author\":\"Mia\",\"rating\":8,\"created\":\"2024-01-01\",\"text\":\"From\\u000bWord\\uffff.\"}\n",
    );
    site.build().says("warning: `text` holds the character U+000B, which no page can show: U+FFFD is shown\n");
    assert!(site.page("/parks/efteling/").contains("From\u{fffd}Word\u{fffd}."));
}

#[test]
fn no_output_holds_what_entities_make() {
    let site = small();
    site.write(
        "content/articles/loops.md",
        markdown("title = 'Loops'\ndate = 2024-01-01\n+++\na&#11;b&#xFFFF;c <b title=\"&#27;\">d</b>"),
    );
    site.build();
    for file in ["/articles/loops/", "/feed.xml"] {
        let page = site.page(file);
        assert!(!page.contains(['\u{b}', '\u{ffff}', '\u{1b}']), "{page:?}");
    }
}
