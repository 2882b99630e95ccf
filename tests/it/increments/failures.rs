//! Pages that cannot be made: they fail alone, keep what they were, and stay due.

use super::*;

#[test]
fn a_page_that_fails_keeps_its_old_output() {
    let site = built();
    let before = site.page(TARON_URL);
    let wrong = "{% extends \"base.html\" %}{% block main %}{{ ride.name }}{% if ride.name == \"Taron\" %}{{ asset(path='no.png') }}{% endif %}{% endblock main %}";
    site.write("templates/ride.html", wrong);
    let built = site.fails();
    built.exit(1).failed(1).rendered([BARON_URL, DROOM_URL, PYTHON_URL]).wrote(3);
    built.says("/parks/phantasialand/rides/taron/").says("ride.html").says("no.png");
    assert_eq!(site.page(TARON_URL), before);

    // It stays due, whatever else happens.
    site.fails().exit(1).failed(1).rendered([]);
    site.edit(BARON, "A mine.", "A deep mine.");
    site.fails().exit(1).failed(1).rendered([BARON_URL]);
    site.write("assets/no.png", "a picture");
    site.build().rendered([TARON_URL, "/assets/no.*.png", "/assets/manifest.json"]).failed(0);
    assert!(site.page(TARON_URL).contains("/assets/no."));
}

#[test]
fn a_page_that_failed_is_rendered_though_its_view_is_as_it_was() {
    let site = built();
    let wrong =
        "{% extends \"base.html\" %}{% block main %}{{ ride.name }} {{ asset(path='no.png') }}{% endblock main %}";
    site.write("templates/ride.html", wrong);
    site.fails().exit(1).failed(4).rendered([]);
    // Something that the ride's view read changes, and makes no difference to it.
    site.edit(BARON, "speed_kmh = 90.0", "speed_kmh = 91.0");
    site.write("assets/no.png", "a picture");
    site.build();
    assert!(site.page(PYTHON_URL).contains("/assets/no."));
}

#[test]
fn a_page_that_fails_when_new_is_counted() {
    let site = guide();
    let wrong = "{% extends \"base.html\" %}{% block main %}{{ asset(path='no.png') }}{% endblock main %}";
    site.write("templates/article.html", wrong);
    let first = site.fails();
    first.exit(1).failed(2);
    let second = site.fails();
    second.exit(1).failed(2).rendered([]);
    assert_eq!(first.number("/pages/total"), second.number("/pages/total"));
    for built in [first, second] {
        let sum = ["rendered", "unchanged", "failed"].map(|outcome| built.number(&format!("/pages/{outcome}")));
        assert_eq!(sum.iter().sum::<u64>(), built.number("/pages/total"));
    }
    site.remove("templates");
    site.build().rendered(["/articles/launches/", "/articles/loops/"]);
}

#[test]
fn a_failed_page_may_go() {
    let site = built();
    site.write("templates/article.html", "{{ asset(path='no.png') }}");
    site.fails().failed(2);
    site.remove("content/articles");
    site.build().failed(0);
    assert!(!site.has("/articles/loops/"));
}

#[test]
fn a_template_that_cannot_be_loaded_leaves_the_site() {
    let site = built();
    site.write("templates/ride.html", "{% extends \"base.html\" %}\n{% block main %}{{ ride.name }");
    site.fails().exit(1).says("ride.html").says("2:");
    site.remove("templates");
    site.build().rendered([]);
}
