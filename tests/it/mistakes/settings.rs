//! Settings, templates and arguments with mistakes, and a site without content.

use insta::assert_snapshot;

use super::*;
use crate::site::Site;

#[test]
fn settings_with_mistakes() {
    let site = small().file(
        "lifthill.toml",
        "titel = 'Parks'\nbase_url = 'parks.example'\nlanguage = 'nl_BE'\ndir = 'up'\n[lists]\nrides = 0\nparks = 'many'\n[countries]\nHolland = 'Nowhere'\n[content]\nrating_scale = 1\n",
    );
    let built = site.fails();
    built.exit(2).says("unknown key `titel`").says("did you mean `title`?");
    for place in ["1:1", "2:12", "3:12", "4:7", "6:9", "7:9", "9:1", "11:16"] {
        built.says(&format!("  --> lifthill.toml:{place}\n"));
    }
    assert!(!site.path("output").exists());
}

#[test]
fn settings_that_cannot_be_read() {
    let site = small().file("lifthill.toml", "title = 'Parks'\nbase_url = \"https://parks.example\n");
    let built = site.fails();
    built.exit(2);
    assert_snapshot!(built.problems(), @r#"
    error: invalid basic string, expected `"`
      --> lifthill.toml:2:34
       |
     2 | base_url = "https://parks.example
       |                                  ^
    "#);
    site.write("lifthill.toml", b"title = '\xff'");
    site.fails().exit(2).says("lifthill.toml").says("UTF-8");
}

#[test]
fn no_content() {
    let site = small();
    site.remove("content");
    let built = site.fails();
    built.exit(2);
    assert_snapshot!(built.problems(), @r"
    error: there is no site in site: no folder `content`
      = help: make content/parks/<park>/index.md, or name the site's folder with --root
    ");
    assert!(!site.path("output").exists() && !site.path(".lifthill").exists());

    // A site that loses its content keeps its pages.
    let site = small();
    site.build();
    site.rename("content", "contents");
    site.fails().exit(2);
    assert!(site.has("/articles/loops/"));
    site.rename("contents", "content");
    site.build().rendered([]);
}

#[test]
fn an_empty_content_folder_is_an_empty_site() {
    let site = Site::new();
    site.build();
    assert!(site.has("/") && site.has("/404.html") && site.has("/sitemap.xml"));
}

#[test]
fn wrong_usage() {
    let site = small();
    for arguments in [&["--now", "yesterday"][..], &["--base-url", "parks"], &["--jobs", "0"], &["--wat"]] {
        site.run(arguments).exit(2);
    }
    assert!(!site.path("output").exists());
}

#[test]
fn templates_with_mistakes() {
    let site = small();
    site.write(
        "templates/ride.html",
        "{% extends \"base.html\" %}\n{% block main %}\n<p>{{ ride.nmae }}</p>\n{% endblock main %}",
    );
    let built = site.fails();
    built.exit(1).failed(1);
    assert_snapshot!(built.problems(), @r"
    error: Field `nmae` is not defined
      --> templates/ride.html:3:12
       |
     3 | <p>{{ ride.nmae }}</p>
       |            ^^^^
      = help: did you mean `name`?
      = fails: /parks/efteling/rides/baron-1898/ (content/parks/efteling/rides/baron-1898.md)
    ");

    let site = small();
    site.write(
        "templates/ride.html",
        "{% extends \"base.html\" %}\n{% block main %}{{ url(to='ride:efteling/baron') }}{% endblock main %}",
    );
    site.fails().failed(1).says("ride:efteling/baron").says("ride.html:2:");
    site.write(
        "templates/ride.html",
        "{% extends \"base.html\" %}\n{% block main %}{{ rides(sort='sped') }}{% endblock main %}",
    );
    site.fails().failed(1).says("did you mean `speed`?");
    site.write(
        "templates/ride.html",
        "{% extends \"base.html\" %}\n{% block main %}{{ asset(path='css/sight.css') }}{% endblock main %}",
    );
    site.fails().failed(1).says("did you mean `css/site.css`?");
    site.write("templates/ride.html", "{% extends \"bass.html\" %}");
    site.fails().exit(1).says("ride.html").says("bass.html");
    site.write("templates/ride.html", b"\xff");
    site.fails().exit(1).says("templates/ride.html").says("UTF-8");
    site.write("templates/ride.html", "{% extends \"ride.html\" %}");
    site.fails().exit(1).says("ride.html");
}
