//! Texts that are nested without end, that call themselves, or that go on for ever: in every language that
//! is read.

use super::{build, small};
use crate::site::Site;

const TOO_DEEP: &str = "is nested too deeply, or calls itself for ever";

fn with(path: &str, text: &str) -> Site {
    small().file(path, text)
}

fn article(body: &str) -> Site {
    small().article("x", &format!("title = 'X'\ndate = 2024-05-01\n+++\n{body}"))
}

#[test]
fn style_sheets_that_parsers_go_down_in() {
    // What a stack takes becomes a site.
    build(&with("assets/x.css", &("a{".repeat(1_000) + &"}".repeat(1_000)))).exit(0);
    let not = ":not(".repeat(50_000) + "a" + &")".repeat(50_000) + "{x:y}";
    let calc = format!("a{{width:{}1px{}}}", "calc(".repeat(100_000), ")".repeat(100_000));
    for text in ["a{".repeat(200_000), calc, not, "@media all{".repeat(100_000)] {
        build(&with("assets/x.css", &text)).exit(1).says(TOO_DEEP).says("assets/x.css");
    }
    build(&with("assets/x.css", &format!("a{{width:calc({}1px)}}", "1px + 1vw + ".repeat(100_000)))).exit(0);
}

#[test]
fn sass_that_never_ends() {
    for text in [
        "@function f($x) { @return f($x); } a { b: f(1) }",
        "@mixin m { @include m } a { @include m }",
        "@function f($x) { @return g($x); } @function g($x) { @return f($x); } a { b: f(1) }",
    ] {
        build(&with("assets/x.scss", text)).exit(1).says(TOO_DEEP).says("assets/x.scss");
    }
    build(&with("assets/x.scss", &("a{".repeat(100_000)))).exit(1).says(TOO_DEEP);
    let ends = build(&with("assets/css/x.scss", "@while true {}"));
    ends.exit(1).says("takes more than 5 seconds").says("assets/css/x.scss");
    let doubling = "$x: 'abcdefgh'; @for $i from 1 through 60 { $x: $x + $x; } a { b: $x }";
    build(&with("assets/x.scss", doubling)).exit(1).says("takes more memory than there is for it");
    let rules = "@for $i from 1 through 1000000000 { .a#{$i} { b: c } }";
    let said = build(&with("assets/x.scss", rules));
    said.exit(1).says("assets/x.scss");
    // A mistake is told at its place all the same, and what is well is compiled.
    build(&with("assets/x.scss", "@use 'x';")).exit(1).says("assets/x.scss:1:1");
    let site = with("assets/x.scss", "$c: #f00; a { b { color: $c } }");
    site.build();
    let sheet = site.output().files().find(|path| path.contains("assets/x.")).expect("a style sheet").to_owned();
    assert!(std::fs::read_to_string(site.path(&format!("output/{sheet}"))).expect("text").contains("a b{color:"));
}

#[test]
fn scripts_that_parsers_go_down_in() {
    for text in ["(".repeat(100_000) + "1" + &")".repeat(100_000), "`${".repeat(50_000) + "1"] {
        build(&with("assets/x.js", &text)).exit(1).says(TOO_DEEP).says("assets/x.js");
    }
    for text in
        [format!("x={}1", "1+".repeat(200_000)), "a=>".repeat(5_000) + "1", "[".repeat(5_000) + &"]".repeat(5_000)]
    {
        build(&with("assets/x.js", &text)).exit(0);
    }
}

#[test]
fn tables_within_tables() {
    for text in [
        format!("a={}", "[".repeat(100_000)),
        vec!["a"; 100_000].join(".") + "=1",
        format!("[{}]", vec!["a"; 100_000].join(".")),
    ] {
        build(&with("lifthill.toml", &text)).exit(2).says("recur").says("lifthill.toml");
    }
    let deep: String = (0..2_000).map(|depth| " ".repeat(depth.min(100)) + "a:\n").collect();
    for text in ["a: ".to_owned() + &"[".repeat(100_000), "- ".repeat(100_000), "? ".repeat(100_000), deep] {
        build(&with("content/articles/x.md", &format!("---\n{text}\n---\n"))).exit(1).says("content/articles/x.md");
    }
    let reviews = with("content/parks/efteling/reviews.jsonl", &"{\"a\":".repeat(100_000));
    build(&reviews).exit(1).says("recursion limit exceeded");
}

#[test]
fn html_in_a_body_that_is_never_closed() {
    let formatting: String = (0..1_000).map(|index| format!("<b class=x{index}>")).collect();
    for body in ["<div>".repeat(80_000), formatting + &"<p>a</p>".repeat(20_000), "<svg>".repeat(1_000)] {
        build(&article(&body)).exit(1).says("nested too deeply").says("content/articles/x.md:");
    }
    // Code is none of it.
    build(&article(&format!("Code:\n\n    {}\n\n`{}`", "<T>".repeat(1_000), "<T>".repeat(1_000)))).exit(0);
    for body in
        [">".repeat(100_000), "[".repeat(100_000), "- ".repeat(50_000), "*a ".repeat(50_000), "![](".repeat(50_000)]
    {
        build(&article(&body)).exit(0);
    }
    // What looks like eighty thousand links, and is none, is looked through once.
    build(&article(&"(ride:".repeat(80_000))).exit(0);
}

#[test]
fn templates_that_go_down_or_on() {
    let template =
        |text: &str| build(&with("templates/article.html", text).article("x", "title = 'X'\ndate = 2024-05-01"));
    for text in ["<div>".repeat(100_000), "<div {% if page %}x{% endif %}y>".repeat(15_000)] {
        template(&text).exit(0);
    }
    for text in [
        "{{ ".to_owned() + &"(".repeat(50_000) + "1",
        "{% if page %}".repeat(20_000),
        "{% include \"article.html\" %}".to_owned(),
        "{{ page".to_owned() + &"|upper".repeat(50_000) + " }}",
    ] {
        template(&text).exit(1).says("templates");
    }
    let endless =
        "{% for i in range(end=100000) %}{% for j in range(end=100000) %}xxxxxxxxxxxxxxxx{% endfor %}{% endfor %}";
    template(endless).exit(1).says("the page becomes longer than 64 MB");
}
