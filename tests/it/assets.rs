//! Stories of assets: names that follow their bytes, references between files, and compressed
//! variants beside them.

use std::fs;

use serde_json::Value;

use crate::site::Site;

/// A park, and a style sheet that shows a picture.
fn site() -> Site {
    Site::new()
        .park("efteling", "name = 'Efteling'")
        .file("assets/img/ride.svg", "<svg xmlns='http://www.w3.org/2000/svg'></svg>")
        .file("assets/css/parts/base.css", ".ride { background: url('../../img/ride.svg#top') }\n")
        .file("assets/css/extra.css", "@import url(parts/base.css);\n/* url(nowhere.png) */\na { color: red }\n")
        .file(
            "templates/404.html",
            "<title>Lost</title><link rel=stylesheet href=\"{{ asset(path='css/extra.css') }}\">",
        )
}

fn manifest(site: &Site) -> Value {
    serde_json::from_str(&site.page("/assets/manifest.json")).expect("a manifest")
}

fn file(site: &Site, asset: &str) -> String {
    manifest(site)[asset]["file"].as_str().unwrap_or_else(|| panic!("no asset {asset}")).to_owned()
}

fn named(file: &str) -> &str {
    file.rsplit('/').next().expect("a name")
}

#[test]
fn a_changed_picture_renames_what_refers_to_it_and_its_pages() {
    let site = site();
    site.build();
    let before = ["img/ride.svg", "css/parts/base.css", "css/extra.css", "css/site.css"].map(|one| file(&site, one));
    assert!(site.page(&before[2]).contains(named(&before[1])), "{}", site.page(&before[2]));
    assert!(site.page(&before[1]).contains(&format!("../../img/{}#top", named(&before[0]))));
    assert!(site.page("/404.html").contains(named(&before[2])));

    site.edit("assets/img/ride.svg", "></svg>", "><circle r='1'/></svg>");
    let built = site.build();
    let after = ["img/ride.svg", "css/parts/base.css", "css/extra.css", "css/site.css"].map(|one| file(&site, one));
    built.rendered([&after[0], &after[1], &after[2], "/404.html", "/assets/manifest.json"]);
    assert!((0..3).all(|index| before[index] != after[index]));
    assert_eq!(before[3], after[3], "nothing refers to it from there");
    assert!(before[..3].iter().all(|gone| !site.has(gone)));
}

#[test]
fn a_reference_to_nothing_is_told_with_its_place() {
    let site = site().file(
        "assets/css/bad.css",
        "a { color: red }\nb { background: url(../img/rid.svg) }\n@import '../../../x.css';\n",
    );
    let built = site.fails();
    let told = built.stderr();
    assert!(told.contains("assets/css/bad.css:2:21") && told.contains("there is no file assets/img/rid.svg"), "{told}");
    assert!(told.contains("did you mean `img/ride.svg`?"), "{told}");
    assert!(told.contains("assets/css/bad.css:3:10") && told.contains("leads outside assets/"), "{told}");
}

#[test]
fn sheets_that_import_each_other_have_names() {
    let site = Site::new()
        .file("assets/a.css", "@import 'b.css'; a { color: red }")
        .file("assets/b.css", "@import 'a.css'; b { color: red }");
    site.build();
    let (a, b) = (file(&site, "a.css"), file(&site, "b.css"));
    assert!(site.page(&a).contains(named(&b)) && site.page(&b).contains(named(&a)));
    site.edit("assets/b.css", "red", "blue");
    site.build();
    assert!(file(&site, "a.css") != a && file(&site, "b.css") != b);
}

#[test]
fn sass_is_compiled_and_a_partial_is_no_file() {
    let site = Site::new()
        .file("assets/css/look.scss", "@use 'tones';\nmain { a { color: tones.$sky } }\n")
        .file("assets/css/_tones.scss", "$sky: #0af;\n");
    site.build();
    assert_eq!(site.page(&file(&site, "css/look.css")).trim(), "main a{color:#0af}");
    site.edit("assets/css/_tones.scss", "#0af", "#0bf");
    site.build().rendered([&file(&site, "css/look.css"), "/assets/manifest.json"]);
    site.edit("assets/css/_tones.scss", "#0bf", "$none");
    assert!(site.fails().stderr().contains("assets/css/_tones.scss:1:7"));
}

#[test]
fn scripts_follow_their_imports() {
    let site = Site::new()
        .file("assets/js/main.js", "import { go } from './lib/go.js';\n// words\ngo();\n")
        .file("assets/js/lib/go.js", "export function go() { return 1 }\n");
    site.build();
    let (main, go) = (file(&site, "js/main.js"), file(&site, "js/lib/go.js"));
    let text = site.page(&main);
    assert!(text.contains(&format!("./lib/{}", named(&go))) && !text.contains("words"), "{text}");
    site.write("assets/js/main.js", "let a = ;\n");
    let built = site.build();
    assert!(built.stderr().contains("assets/js/main.js:1:9"), "{}", built.stderr());
    assert_eq!(site.page(&file(&site, "js/main.js")), "let a = ;\n");
}

#[test]
fn a_bundle_is_published_as_it_is_and_copies_by_name() {
    let manifest =
        r#"{"src/main.ts": {"file": "assets/main-AAAAAAAA.js", "css": ["assets/main-BBBBBBBB.css"], "isEntry": true}}"#;
    let site = Site::new()
        .file("lifthill.toml", "[assets]\ncopies = ['favicon.ico']\nvite = 'web/dist/.vite/manifest.json'\n")
        .file("web/dist/.vite/manifest.json", manifest)
        .file("web/dist/assets/main-AAAAAAAA.js", "let  x  =  1;")
        .file("web/dist/assets/main-BBBBBBBB.css", "a  {}")
        .file("assets/favicon.ico", "icon")
        .file("templates/404.html", "{% set it = asset_info(path='src/main.ts') %}<script src=\"{{ it.url }}\" integrity=\"{{ it.integrity }}\"></script>{% for css in it.css %}<link rel=stylesheet href={{ css }}>{% endfor %}");
    site.build();
    let page = site.page("/404.html");
    assert!(page.contains("/assets/main-AAAAAAAA.js") && page.contains("/assets/main-BBBBBBBB.css"), "{page}");
    assert!(page.contains("sha384-"), "{page}");
    assert_eq!((&*site.page("/assets/main-AAAAAAAA.js"), &*site.page("/favicon.ico")), ("let  x  =  1;", "icon"));
    site.edit("lifthill.toml", "favicon.ico", "favicom.ico");
    let told = site.fails();
    assert!(
        told.stderr().contains("lifthill.toml:2:11") && told.stderr().contains("`favicon.ico`"),
        "{}",
        told.stderr()
    );
}

/// A style sheet that gains from compression.
fn large() -> String {
    (0..400).map(|number| format!(".ride-{number} {{ width: {number}px; color: #{:06x} }}\n", number * 7919)).collect()
}

#[test]
fn variants_follow_their_file() {
    let site = Site::new().file("assets/large.css", large());
    let built = site.build();
    let sheet = file(&site, "large.css");
    let time =
        |path: &str| fs::metadata(site.path("output").join(path)).and_then(|file| file.modified()).expect("a file");
    for extension in ["br", "zst", "gz"] {
        assert_eq!(time(&format!("{sheet}.{extension}")), time(&sheet), "{extension}");
    }
    assert!(built.number("/compression/files") >= 3);
    let variants: Vec<&str> = ["br", "zstd", "gzip"].to_vec();
    let entry = &manifest(&site)["large.css"];
    let told: Vec<&str> =
        entry["variants"].as_array().into_iter().flatten().filter_map(|one| one["encoding"].as_str()).collect();
    assert_eq!(told, variants);
    for variant in entry["variants"].as_array().into_iter().flatten() {
        let path = site.path("output").join(variant["file"].as_str().expect("a file"));
        assert_eq!(fs::metadata(path).expect("it is there").len(), variant["size"].as_u64().expect("a size"));
    }

    fs::remove_file(site.path("output").join(format!("{sheet}.gz"))).expect("it was there");
    let built = site.build();
    built.rendered([&sheet]).wrote(1);
    assert_eq!(built.number("/compression/made"), 0, "it was kept");

    site.write("assets/large.css", "a{}");
    site.build();
    assert!(!site.has(&format!("{sheet}.br")) && !site.has(&format!("{}.br", file(&site, "large.css"))));
}

#[test]
fn pages_are_compressed_where_the_settings_say_so() {
    let site = site();
    site.build();
    assert!(!site.has("/parks/index.html.br"));
    site.write("lifthill.toml", "title = 'Parks'\nbase_url = 'https://parks.example'\n[compress]\npages = true\n");
    site.build();
    assert!(site.has("/parks/index.html.br") && site.has("/parks/index.html.gz") && !site.has("/parks/index.html.zst"));
    site.edit("content/parks/efteling/index.md", "Efteling", "Efteling Park");
    site.build();
    site.write(
        "lifthill.toml",
        "title = 'Parks'\nbase_url = 'https://parks.example'\n[compress]\npages = ['gzip']\nassets = false\n",
    );
    site.build();
    assert!(!site.has("/parks/index.html.br") && site.has("/parks/index.html.gz"));
    // A site that loses all of its content would be refused.
    site.write("content/companies/vekoma.md", "+++\nname = 'Vekoma'\n+++\n");
    site.remove("content/parks/efteling");
    site.build();
    assert!(!site.has("/parks/efteling/index.html.gz"));
    site.write("lifthill.toml", "[compress]\npages = ['brotli']\nassets = { br = 12 }\n");
    let told = site.fails();
    assert!(
        told.stderr().contains("lifthill.toml:2:10") && told.stderr().contains("from 0 to 11"),
        "{}",
        told.stderr()
    );
}
