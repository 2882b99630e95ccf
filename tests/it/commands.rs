//! The other commands, and what a build tells people and programs.

use insta::assert_snapshot;
use serde_json::Value;

use crate::site::{Site, markdown};

fn small() -> Site {
    Site::new().company("vekoma", "name = 'Vekoma'").park("efteling", "name = 'Efteling'\ncountry = 'NL'").ride(
        "efteling/python",
        "name = 'Python'\ncategory = 'roller_coaster'\nmanufacturers = ['vekoma']\nformer_slugs = ['snake']",
    )
}

#[test]
fn why_says_what_a_page_reads_and_why_it_was_rendered() {
    let site = small();
    site.build();
    site.edit("content/companies/vekoma.md", "'Vekoma'", "'Vekoma Rides'");
    site.build();
    let (code, text, _) = site.command(&["why", "/parks/efteling/rides/python/"]);
    assert_eq!(code, 0);
    for words in
        ["ride:efteling/python", "company:vekoma", "rides of park:efteling", "template ride.html", "css/site.css"]
    {
        assert!(text.contains(words), "nobody said `{words}`:\n{text}");
    }
    assert!(text.contains("name and URL of company:vekoma: name Vekoma → Vekoma Rides"), "{text}");

    let (code, text, _) = site.command(&["why", "--json", "/parks/efteling/rides/snake/"]);
    let why: Value = serde_json::from_str(&text).expect("one JSON object");
    assert_eq!((code, why["kind"].as_str()), (0, Some("redirect")));
    assert!(why["reads"].as_array().is_some_and(|reads| !reads.is_empty()), "{text}");
}

#[test]
fn why_says_what_is_not_there() {
    let site = small();
    site.write("templates/404.html", "{% if ride(key='efteling/baron', optional=true) %}Yes{% endif %}");
    site.build();
    let (_, text, _) = site.command(&["why", "/404.html"]);
    assert!(text.contains("card of ride:efteling/baron (not there)"), "{text}");
}

#[test]
fn why_of_a_page_that_is_not_there() {
    let site = small();
    let (code, _, said) = site.command(&["why", "/"]);
    assert_eq!(code, 2);
    assert!(said.contains("lifthill build"), "{said}");
    site.build();
    let (code, _, said) = site.command(&["why", "/parks/eftelling/"]);
    assert_eq!(code, 2);
    assert!(said.contains("did you mean /parks/efteling/?"), "{said}");
    for wrong in ["../../etc/passwd", "/parks/../../", "/%2e%2e/"] {
        assert_eq!(site.command(&["why", wrong]).0, 2, "{wrong}");
    }
}

#[test]
fn why_changes_nothing() {
    let site = small();
    site.build();
    let before = site.output();
    site.command(&["why", "/parks/efteling/"]);
    assert_eq!(site.output().touched_since(&before), Vec::<String>::new());
    site.build().rendered([]);
}

#[test]
fn clean_removes_what_was_built_and_nothing_else() {
    let site = small();
    site.build();
    site.write("output/foreign.txt", "Not yours.");
    site.write("output/parks/efteling/foreign.txt", "Not yours either.");
    let (code, _, said) = site.command(&["clean"]);
    assert_eq!(code, 0, "{said}");
    let left: Vec<String> = site.output().files().map(str::to_owned).collect();
    assert_eq!(left, ["foreign.txt", "parks/efteling/foreign.txt"]);
    assert!(!site.path(".lifthill").exists());
    assert!(site.path("content/companies/vekoma.md").exists());
    site.build();
}

#[test]
fn the_summary_says_what_was_skipped() {
    let site = small();
    let seconds = |said: &str| said.split(" · ").next().unwrap_or_default().to_owned();
    assert_snapshot!(seconds(site.run(&[]).stderr()), @"12 pages: 12 rendered, 0 unchanged; 13 other files: 13 made");
    assert_snapshot!(seconds(site.run(&[]).stderr()), @"12 pages: 0 rendered, 12 unchanged; 13 other files: 0 made");
    site.edit("content/parks/efteling/rides/python.md", "former_slugs = ['snake']", "");
    assert_snapshot!(seconds(site.run(&[]).stderr()), @"11 pages: 0 rendered, 11 unchanged, 1 removed; 13 other files: 1 made");
    assert_eq!(site.run(&["--quiet"]).stderr(), "");
    assert!(site.run(&["--verbose"]).stderr().contains("look"));
}

#[test]
fn the_report_has_its_keys() {
    let site = small();
    let report = site.command(&["build", "--json"]).1;
    let report: Value = serde_json::from_str(&report).expect("one JSON object");
    for key in
        ["/pages/total", "/pages/rendered", "/pages/written", "/pages/unchanged", "/pages/removed", "/pages/failed"]
    {
        let others = key.replace("pages", "others");
        assert!(report.pointer(&others).is_some_and(Value::is_u64), "{others} in {report}");
        assert!(report.pointer(key).is_some_and(Value::is_u64), "{key} in {report}");
    }
    for key in ["/files/written", "/files/removed", "/bytes_written", "/peak_memory_bytes"] {
        assert!(report.pointer(key).is_some_and(Value::is_u64), "{key} in {report}");
    }
    assert!(report["output_digest"].as_str().is_some_and(|digest| digest.len() == 32), "{report}");
    assert!(report["seconds"].is_f64() && report["phases"].is_object() && report["diagnostics"].is_array(), "{report}");

    let kept = std::fs::read_to_string(site.path(".lifthill/metrics/build.json")).expect("the report as a file");
    let kept: Value = serde_json::from_str(&kept).expect("JSON");
    assert_eq!(kept["output_digest"], report["output_digest"]);
    let metrics = std::fs::read_to_string(site.path(".lifthill/metrics/build.prom")).expect("metrics");
    assert!(metrics.contains("lifthill_build_pages{outcome=\"rendered\"} 12"), "{metrics}");
    assert!(metrics.contains("lifthill_build_other_files{outcome=\"made\"} 13"), "{metrics}");
    assert!(!metrics.contains("# EOF"), "the classic format has no end mark");
}

#[test]
fn a_diagnostic_is_data_too() {
    let site = small();
    site.write("content/parks/efteling/rides/python.md", markdown("name = 'Python'\ncategory = 'rollercoaster'"));
    let (code, report, _) = site.command(&["build", "--json"]);
    let report: Value = serde_json::from_str(&report).expect("one JSON object");
    assert_eq!(code, 1);
    assert_snapshot!(serde_json::to_string_pretty(&report["diagnostics"]).expect("JSON"), @r#"
    [
      {
        "column": 12,
        "excerpt": "category = 'rollercoaster'",
        "file": "content/parks/efteling/rides/python.md",
        "help": "did you mean `roller_coaster`?",
        "line": 3,
        "message": "`rollercoaster` is not a known `category`",
        "severity": "error"
      }
    ]
    "#);
}
