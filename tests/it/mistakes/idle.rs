//! Files that do nothing are said to, with what to do instead; and nothing else is made of the site for that.

use super::*;

#[test]
fn what_other_generators_read() {
    let site = small();
    site.build();
    let before = site.output();
    site.write("static/robots.txt", "");
    site.write("hugo.toml", "");
    site.write("_config.yml", "");
    site.write("layouts/index.html", "");
    site.write("content/_index.md", "");
    site.write("content/parks/_index.md", "");
    site.write("content/parks/efteling/_index.md", "");
    site.write("content/_notes.md", "");
    let built = site.build();
    built.rendered([]);
    assert!(site.output().touched_since(&before).is_empty());
    for file in ["static/", "hugo.toml", "_config.yml", "layouts/"] {
        built.says(&format!("warning: does nothing: nobody reads it here\n  --> {file}\n  = help: "));
    }
    for file in ["content/_index.md", "content/parks/_index.md", "content/parks/efteling/_index.md"] {
        built
            .says(&format!("warning: does nothing: a name that begins with `_` is left out\n  --> {file}\n  = help: "));
    }
    assert_eq!(built.warnings().len(), 7, "{}", built.stderr());
    site.remove("hugo.toml");
    assert_eq!(site.build().warnings().len(), 6);
}

#[test]
fn templates_that_nothing_uses() {
    let site = small()
        .file("templates/rides.html", "<p>mine</p>")
        .file("templates/partials/used.html", "<p>used</p>")
        .file("templates/partials/unused.html", "<p>unused</p>")
        .file("templates/404.html", "{% include \"partials/used.html\" %}");
    let built = site.build();
    built.says("does nothing: no page is made of it, and no template uses it\n  --> templates/rides.html\n  = help: did you mean `ride.html`?");
    built.says("  --> templates/partials/unused.html\n").never_says("partials/used.html");
    site.edit("templates/404.html", "used.html", "unused.html");
    site.build().says("  --> templates/partials/used.html\n").never_says("partials/unused.html");
    site.edit("templates/404.html", "{%", "{% include \"rides.html\" %}{% include \"partials/used.html\" %}{%");
    site.build().never_says("does nothing");
}

#[test]
fn what_the_site_s_own_policy_forbids_is_told_before_a_browser_does() {
    let site = small().file("templates/404.html", "<p>\n<script>lost()</script>\n<p style=\"color:red\" onclick=\"x()\">\n<script src=\"https://cdn.example/x.js\"></script>\n");
    site.build().never_says("Content-Security-Policy");
    let strict = "base_url = 'https://parks.example'\n[security]\npolicy = 'strict'\n";
    site.write("lifthill.toml", strict);
    let built = site.build();
    for place in ["2:1", "3:4", "3:22", "4:9"] {
        built.says(&format!("which the site's Content-Security-Policy forbids\n  --> templates/404.html:{place}\n"));
    }
    site.edit("content/articles/loops.md", "Round", "Square");
    assert_eq!(site.build().warnings(), built.warnings());
    site.write("lifthill.toml", format!("{strict}[security.directives]\nscript-src = \"'self' 'unsafe-inline' https://cdn.example\"\nstyle-src = \"'unsafe-inline'\"\n"));
    site.build().never_says("Content-Security-Policy");
}

#[test]
fn drawings_that_run_something() {
    let site = small()
        .file("assets/img/a.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\">\n<script>alert(1)</script></svg>")
        .file("assets/img/b.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0\"/></svg>")
        .file("content/parks/efteling/photos/c.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>");
    let built = site.try_build(&[]);
    built.says("warning: holds a script: whoever opens the drawing by itself runs it\n  --> assets/img/a.svg:2:1\n");
    built.never_says("b.svg").says("is an SVG drawing, which cannot be read here");
    assert!(!site.output().files().any(|file| file.contains("c.svg") || file.starts_with("photos/")));
}
