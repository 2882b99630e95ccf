//! What publishing would change, told before it does.

use super::catalogue;

#[test]
fn a_diff_names_pages_with_reasons_and_fits_into_a_comment() {
    let site = catalogue();
    let place = site.outside().join("www");
    let to = format!("to = 'file://{}'", place.display());
    site.write("lifthill.toml", format!("base_url = 'https://parks.example'\n[publish.live]\n{to}\n"));
    let (code, _, talk) = site.command(&["publish", "--now", "2026-01-01"]);
    assert_eq!(code, 0, "{talk}");
    let diff = |arguments: &[&str]| {
        let (code, text, talk) = site.command(&[&["diff", "--now", "2026-01-01"], arguments].concat());
        assert_eq!(code, 0, "{talk}");
        text
    };
    assert_eq!(diff(&[]).trim(), "no page changes");

    site.edit("content/parks/efteling/rides/ride-3.md", "'flat_ride'", "'flat_ride'\ntheme = 'Mining'");
    site.rename("content/parks/toverland/rides/ride-5.md", "content/parks/toverland/rides/troy.md");
    site.edit("content/parks/toverland/rides/troy.md", "+++\n", "+++\nformer_slugs = ['ride-5']\n");
    site.remove("content/parks/toverland/rides/ride-4.md");
    let text = diff(&[]);
    assert!(text.contains("~ /parks/efteling/rides/ride-3/: record ride:efteling/ride-3"), "{text}");
    assert!(text.contains("- /parks/toverland/rides/ride-4/"), "{text}");
    assert!(
        text.contains("+ /parks/toverland/rides/troy/") || text.contains("> /parks/toverland/rides/troy/"),
        "{text}"
    );
    let json: serde_json::Value = serde_json::from_str(&diff(&["--json"])).expect("JSON");
    assert_eq!(json["removed"][0]["url"], "/parks/toverland/rides/ride-4/");

    for number in 0..700 {
        let text = crate::site::markdown(&format!("name = 'More {number}'\ncategory = 'flat_ride'"));
        site.write(&format!("content/parks/efteling/rides/more-{number}.md"), text);
    }
    let text = diff(&["--format", "github"]);
    assert!(text.starts_with("### Site changes"), "{text}");
    assert!(
        text.contains("[`/parks/efteling/rides/more-1/`](https://parks.example/parks/efteling/rides/more-1/)"),
        "{text}"
    );
    assert!(text.contains("more\n") && text.len() < 65_536, "{} bytes", text.len());
}

#[test]
fn too_many_removals_and_a_wrong_host_are_refused_before_anything_is_written() {
    let site = catalogue();
    let place = site.outside().join("www");
    let settings = |more: &str| {
        let text =
            format!("base_url = 'https://parks.example'\n[publish.live]\nto = 'file://{}'\n{more}", place.display());
        site.write("lifthill.toml", text);
    };
    settings("allow_gone = ['*']\n");
    for number in 0..300 {
        let text = crate::site::markdown(&format!("name = 'More {number}'\ncategory = 'flat_ride'"));
        site.write(&format!("content/parks/efteling/rides/more-{number}.md"), text);
    }
    let publish = |arguments: &[&str]| {
        let (code, _, talk) = site.command(&[&["publish", "--now", "2026-01-01"], arguments].concat());
        (code, talk)
    };
    assert_eq!(publish(&[]).0, 0);
    let before = std::fs::read_link(place.join("current")).expect("a link");
    for number in 0..300 {
        site.remove(&format!("content/parks/efteling/rides/more-{number}.md"));
    }
    let (code, talk) = publish(&[]);
    assert!(code == 5 && talk.contains("objects would go") && talk.contains("--allow-deletes"), "{code} {talk}");
    assert_eq!(std::fs::read_link(place.join("current")).expect("a link"), before, "nothing was published");
    assert_eq!(publish(&["--allow-deletes", "400"]).0, 0);
}
