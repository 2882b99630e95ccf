//! Links and pictures that lead nowhere are told of by the build, each once, with its place and
//! what was probably meant; also when the target goes and the page that links to it stays. (That an
//! incremental build tells just what a clean one does is proved by every build of these stories.)

use crate::site::{Site, picture};

const BARON: &str = "content/parks/efteling/rides/baron-1898.md";
const LOOPS: &str = "content/articles/loops.md";

/// A park with two rides, and an article with this body.
fn with(body: &str) -> Site {
    Site::new()
        .park("efteling", "name = 'Efteling'\ncountry = 'NL'\n+++\n## Getting there\nBy bus.")
        .ride("efteling/baron-1898", "name = 'Baron 1898'\ncategory = 'roller_coaster'")
        .ride("efteling/python", "name = 'Python'\ncategory = 'roller_coaster'")
        .article("loops", &format!("title = 'Loops'\ndate = 2024-05-01\n+++\n{body}"))
}

#[test]
fn every_way_to_write_a_link() {
    let site = with(
        "[a](/nowhere/) and [b](../python)\n\n[c](#nope)\n\n![d](photo.jpg)\n\n[e][e]\n\n[e]: /by-definition/ \"title\"\n\n\
         <a href=\"/by-hand/\">f</a> <img src=\"/one.png\" alt=\"\">\n\n<https://parks.example/absolute/>\n",
    );
    let built = site.build();
    for (place, written) in [
        ("6:5", "/nowhere/"),
        ("6:24", "../python"),
        ("8:5", "#nope"),
        ("10:6", "photo.jpg"),
        ("14:6", "/by-definition/"),
        ("16:10", "/by-hand/"),
        ("16:37", "/one.png"),
        ("18:2", "https://parks.example/absolute/"),
    ] {
        built.says(&format!("warning: `{written}` leads nowhere"));
        built.says(&format!("  --> {LOOPS}:{place}\n"));
    }
    built.says("this site has no page /articles/python").says("nothing on /articles/loops/ has the id `nope`");
    built
        .says("this site has no file /articles/loops/photo.jpg")
        .says("a picture lies in the `photos/` folder of its park");
}

#[test]
fn what_is_there_is_not_told_of() {
    let body = "[1](/) [2](/parks/) [3](/parks/efteling) [4](/parks/efteling/index.html) [5](/feed.xml)\n\
        [6](https://parks.example/rides/?sort=name#main) [7](//parks.example/) [8](../../companies/) [9](#) [10](#top)\n\
        [11](mailto:a@b.example) [12](https://other.example/nowhere/) [13](/parks/efteling/#getting-there) [14](/old/)\n\
        [15](/parks/efteling/rides/ghost/) [16](#here) [17](?page=2) <area:efteling/ruigrijk> [18](/robots.txt)\n\n## Here\n";
    let site = with(body).file("content/parks/efteling/areas.toml", "[[area]]\nname = 'Ruigrijk'\n");
    site.edit(BARON, "category", "aliases = ['/old/']\nformer_slugs = ['ghost']\ncategory");
    site.build().never_says("warning").never_says("nowhere");
}

#[test]
fn links_of_templates() {
    let site = with("")
        .article("rails", "title = 'Rails'\ndate = 2024-05-02")
        .article("trains", "title = 'Trains'\ndate = 2024-05-03");
    let template = "{% extends \"base.html\" %}\n{% block head_extra %}<link rel=\"preload\" href=\"/zzz.woff2\">\n\
        <script src=\"/zzz.js\"></script>{% endblock %}\n{% block main %}<h1>{{ article.title }}</h1>\n\
        <a href=\"/zzz/\">z</a> <a href='#zzz'>z</a>\n<img src=\"/assets/nope.png\" srcset=\"/parks/ 1x, /two.png 2x\" alt=\"\">\n\
        <video poster=\"/zzz.jpg\"><source src=\"/zzz.mp4\"></video>\n<a href=\"/articles/{{ article.key }}/zzz/\">own</a>{% endblock %}\n";
    site.write("templates/article.html", template);
    let built = site.build();
    for (line, written) in
        [(2, "/zzz.woff2"), (3, "/zzz.js"), (5, "/zzz/"), (6, "/assets/nope.png"), (7, "/zzz.jpg"), (7, "/zzz.mp4")]
    {
        built.says(&format!("warning: `{written}` leads nowhere"));
        built.says(&format!("  --> templates/article.html:{line}:"));
    }
    let told = built.messages();
    let of = |written: &str| told.iter().filter(|one| one.contains(&format!("`{written}`"))).count();
    assert_eq!((of("/zzz/"), of("/assets/nope.png"), of("#zzz")), (1, 1, 3), "one for all pages: {told:#?}");
    built.says("(and on 2 other pages)").says("`/articles/rails/zzz/` leads nowhere").says("--> page /articles/rails/");
}

#[test]
fn a_target_that_goes_is_told_of_though_the_page_that_links_to_it_stays() {
    let site = with("[p](/parks/efteling/rides/python/) [b](/parks/efteling/rides/baron-1898/)");
    site.build().never_says("nowhere");
    site.rename("content/parks/efteling/rides/python.md", "content/parks/efteling/rides/_python.md");
    let built = site.build();
    built.says("`/parks/efteling/rides/python/` leads nowhere").says(&format!("--> {LOOPS}:6:5"));
    assert!(!built.rendered_files().iter().any(|file| file.starts_with("articles/loops")), "it was not rendered");
    // And again, by a build that has nothing to do, and by one that has something else to do.
    site.build().rendered([]).says("`/parks/efteling/rides/python/` leads nowhere");
    site.edit(BARON, "category", "speed_kmh = 90\ncategory");
    site.build().says("`/parks/efteling/rides/python/` leads nowhere");
    // What an alias answers for is there.
    site.edit(BARON, "category", "aliases = ['/parks/efteling/rides/python/']\ncategory");
    site.build().never_says("nowhere");
    site.edit(BARON, "aliases = ['/parks/efteling/rides/python/']\n", "");
    site.build().says("`/parks/efteling/rides/python/` leads nowhere");
    site.rename("content/parks/efteling/rides/_python.md", "content/parks/efteling/rides/python.md");
    site.build().never_says("nowhere");
    site.remove("content/parks/efteling/rides/python.md");
    site.edit(LOOPS, "[p](/parks/efteling/rides/python/) ", "");
    site.build().never_says("nowhere");
}

#[test]
fn a_fragment_that_goes_is_told_of_though_the_page_that_links_to_it_stays() {
    let site = with("[p](/parks/efteling/#getting-there) [q](/parks/efteling/#by-train)");
    let park = "content/parks/efteling/index.md";
    site.build().says("`/parks/efteling/#by-train` leads nowhere: nothing on /parks/efteling/ has the id `by-train`");
    site.edit(park, "## Getting there", "## By train");
    let built = site.build();
    built.says("`/parks/efteling/#getting-there` leads nowhere").never_says("`/parks/efteling/#by-train`");
    built.rendered(["/parks/efteling/"]);
    site.edit(park, "## By train", "## Getting there\n## By train");
    site.build().never_says("nowhere");
}

#[test]
fn what_was_probably_meant_is_said() {
    let site = with(
        "[a](/parks/eftelng/) [b](/parks/efteling/rides/pyton/) [c](/parks/eftelin/rides/python/) [d](/parks/efteling/#getting-their) [e](python.md)",
    );
    let built = site.build();
    built.says("did you mean `/parks/efteling/`?").says("did you mean `/parks/efteling/rides/python/`?");
    built.says("did you mean `getting-there`?");
    built.says("`python.md` leads nowhere: content/articles/python.md has no page");
}

#[test]
fn settings_say_how_much_it_matters() {
    let site = with("[a](/nowhere/) [b](/shop/cart/) [c](/shop/)");
    let settings = "base_url = 'https://parks.example'\n[links]\n";
    site.build().says("/nowhere/").says("/shop/cart/");
    site.write("lifthill.toml", format!("{settings}ignore = ['/shop/*']\n"));
    site.build().says("`/nowhere/`").never_says("`/shop/");
    site.write("lifthill.toml", format!("{settings}check = 'off'\n"));
    site.build().never_says("nowhere");
    site.write("lifthill.toml", format!("{settings}check = 'error'\n"));
    let built = site.run(&[]);
    built.exit(1).says("error: `/nowhere/` leads nowhere").says("/shop/cart/");
    assert!(site.has("/articles/loops/"), "everything is written all the same");
    site.run(&[]).exit(1).rendered([]).says("error: `/nowhere/` leads nowhere");
    site.write("lifthill.toml", format!("{settings}check = 'warn'\nignore = ['/nowhere/', '/shop/*']\n"));
    site.build().never_says("nowhere");
    site.write("lifthill.toml", format!("{settings}check = 'loud'\nignore = ['shop']\n"));
    site.fails().says("`loud` is no way to check links").says("`shop` is not a pattern of URL paths");
}

#[test]
fn a_page_that_is_made_while_nobody_looks_is_looked_at_later() {
    let site = with("");
    site.write("lifthill.toml", "base_url = 'https://parks.example'\n[links]\ncheck = 'off'\n");
    site.build();
    site.write(
        "content/articles/more.md",
        "+++\ntitle = 'More'\ndate = 2024-05-01\n+++\n[x](/parks/efteling/rides/python/) [y](/nope/)\n",
    );
    site.build().never_says("nowhere");
    site.write("lifthill.toml", "base_url = 'https://parks.example'\n");
    site.build().rendered([]).says("`/nope/` leads nowhere");
    site.remove("content/parks/efteling/rides/python.md");
    site.build().says("`/parks/efteling/rides/python/` leads nowhere");
}

#[test]
fn a_relative_link_to_a_content_file_is_one_to_its_page() {
    let site = with(
        "[p](../parks/efteling/rides/python.md#facts), [e][e], <a href=\"../parks/efteling/index.md\">raw</a>\n\n[e]: ../parks/efteling/index.md\n",
    );
    site.edit(BARON, "+++\n\n", "+++\nLike [it](python.md), in [the park](../index.md#getting-there).\n");
    site.build().never_says("nowhere");
    let loops = site.page("/articles/loops/");
    assert!(loops.contains("<a href=\"/parks/efteling/rides/python/#facts\">p</a>"), "{loops}");
    assert!(
        loops.contains("<a href=\"/parks/efteling/\">e</a>") && loops.contains("<a href=\"/parks/efteling/\">raw</a>"),
        "{loops}"
    );
    let baron = site.page("/parks/efteling/rides/baron-1898/");
    assert!(baron.contains("<a href=\"/parks/efteling/#getting-there\">the park</a>"), "{baron}");

    // The page that links follows its target, whatever that is called.
    site.edit("content/parks/efteling/rides/python.md", "+++\n", "+++\nslug = 'the-python'\n");
    site.build().never_says("nowhere");
    assert!(site.page("/articles/loops/").contains("<a href=\"/parks/efteling/rides/the-python/#facts\">p</a>"));
    assert!(
        site.page("/parks/efteling/rides/baron-1898/").contains("<a href=\"/parks/efteling/rides/the-python/\">it</a>")
    );

    site.edit("content/parks/efteling/rides/python.md", "+++\n", "+++\ndraft = true\n");
    let built = site.build();
    built.says(
        "`../parks/efteling/rides/python.md#facts` leads nowhere: content/parks/efteling/rides/python.md has no page",
    );
    built.says("`python.md` leads nowhere").says(&format!("--> {BARON}:5:"));
    site.edit("content/parks/efteling/rides/python.md", "draft = true\n", "");
    site.build().never_says("nowhere");
}

#[test]
fn a_relative_link_to_a_picture_is_one_to_what_is_published_of_it() {
    let site = with("").file("content/parks/efteling/photos/gate.png", picture(1));
    let park = "content/parks/efteling/index.md";
    site.edit(park, "By bus.", "By bus: ![the gate](photos/gate.png)");
    site.build().never_says("nowhere");
    let page = site.page("/parks/efteling/");
    let url = page.split("src=\"").find_map(|rest| rest.split('"').next().filter(|url| url.starts_with("/photos/")));
    let first = url.expect("a picture").to_owned();
    assert!(site.has(&first), "{page}");
    site.write("content/parks/efteling/photos/gate.png", picture(2));
    site.build().never_says("nowhere");
    assert!(!site.has(&first) && !site.page("/parks/efteling/").contains(&first));
    site.edit(park, "![the gate](photos/gate.png)", "gone");
    site.build().never_says("nowhere");
    assert!(!site.output().files().any(|file| file.starts_with("photos/")));
    site.edit(park, "gone", "![the gate](photos/gat.png)");
    site.build().says("`photos/gat.png` leads nowhere").says("--> content/parks/efteling/index.md:7:21");
}

#[test]
fn a_page_of_links_to_itself_is_looked_at_in_one_go() {
    let body: String = (0..3_000).map(|number| format!("## H{number}\n[x](#h{number}) [y](#y{number})\n")).collect();
    let built = with(&body).build();
    built.says("`#y0` leads nowhere").never_says("`#h").says("2900 more links lead nowhere");
}

#[test]
fn many_are_counted() {
    let body: String = (0..150).map(|number| format!("[x](/nowhere/{number:03}/)\n")).collect();
    let built = with(&body).build();
    built.says("`/nowhere/099/` leads nowhere").never_says("`/nowhere/100/`").says("50 more links lead nowhere");
}

#[test]
fn an_id_that_templates_use_twice_is_told_of() {
    let site = with("");
    let template =
        "{% extends \"base.html\" %}{% block main %}\n<h1 id=\"main\">{{ article.title }}</h1>{% endblock %}\n";
    site.write("templates/article.html", template);
    site.build().says("the id `main` stands twice on /articles/loops/");
    site.remove("templates/article.html");
    site.build().never_says("twice");
}

#[test]
fn a_site_below_a_path_knows_its_own_addresses() {
    let site =
        with("[a](https://u.example/repo/nowhere/) [b](https://u.example/repo/rides/) [c](https://u.example/other/)");
    site.write("lifthill.toml", "base_url = 'https://u.example/repo/'\n");
    let built = site.build();
    built.says("`https://u.example/repo/nowhere/` leads nowhere: this site has no page /nowhere/");
    assert_eq!(built.messages().len(), 1, "{:#?}", built.messages());
}
