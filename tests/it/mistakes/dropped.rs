//! HTML in bodies: what is harmless stays, and what is left out is named, in every build.

use super::*;

const LOOPS: &str = "content/articles/loops.md";

fn with(body: &str) -> Site {
    let site = small();
    site.write(LOOPS, markdown(&format!("title = 'Loops'\ndate = 2024-05-01\n+++\n{body}")));
    site
}

#[test]
fn what_is_harmless_stays() {
    let site = with(
        "<p dir=\"rtl\" lang=\"ar\">سلام</p>\n\n<picture><source srcset=\"/a.avif\" type=\"image/avif\"><img src=\"/a.jpg\" alt=\"x\"></picture>\n\n\
         On <time datetime=\"2024-05-01\">1 May</time> call [us](tel:+31416537777), [text](sms:+31), [here](geo:51.6,5.0).\n\n\
         <details><summary>More</summary><kbd>K</kbd> <abbr title=\"t\">a</abbr> <ruby>漢<rt>kan</rt></ruby></details>\n",
    );
    let built = site.build();
    let html = site.page("/articles/loops/");
    for kept in [
        "rtl",
        "lang=",
        "<picture>",
        "<source",
        "image/avif",
        "datetime=",
        "tel:+31416537777",
        "sms:+31",
        "geo:51.6,5.0",
        "<details>",
        "<ruby>",
    ] {
        assert!(html.contains(kept), "{kept} is gone:\n{html}");
    }
    built.never_says("left out");
}

#[test]
fn what_is_left_out_is_named_in_every_build() {
    let site = with(
        "Text.\n\n<iframe src=\"https://video.example/1\"></iframe>\n\n<video src=\"/a.mp4\"></video>\n\nA <font color=\"red\">word</font>.\n\n<p onclick=\"x()\">y</p>",
    );
    let built = site.build();
    let told = [
        "`<iframe>` is left out: only harmless HTML is passed on\n  --> content/articles/loops.md:8:1\n",
        "`<video>` is left out: only harmless HTML is passed on\n  --> content/articles/loops.md:10:1\n",
        "`<font>` is left out: only harmless HTML is passed on\n  --> content/articles/loops.md:12:3\n",
        "`onclick` of `<p>` is left out: only harmless HTML is passed on\n  --> content/articles/loops.md:14:4\n",
    ];
    for words in told {
        built.says(words);
    }
    site.edit(BARON, "'Baron 1898'", "'Baron'");
    let built = site.build();
    for words in told {
        built.says(words);
    }
    // A mistake elsewhere hides no warning, and no warning is told twice.
    site.write(BARON, "no front matter");
    let built = site.fails();
    told.iter().for_each(|words| assert_eq!(built.stderr().matches(words).count(), 1, "{}", built.stderr()));
    site.write(BARON, markdown("name = 'Baron'\ncategory = 'other'"));
    site.edit(LOOPS, "<video src=\"/a.mp4\"></video>", "A video.");
    site.build().says(told[0]).never_says("`<video>`");
    site.remove(LOOPS);
    site.build().never_says("left out");
}

#[test]
fn warnings_are_bounded() {
    let site = with(&"<iframe></iframe>\n\n".repeat(5_000));
    site.build().says("4980 more pieces of HTML are left out");
    for number in 0..1_100 {
        let front = format!("title = 'A{number}'\ndate = 2024-05-01\n+++\n<iframe></iframe>");
        site.write(&format!("content/articles/a{number}.md"), markdown(&front));
    }
    let built = site.build();
    built.says("more warnings of other files");
    assert!(built.warnings().len() <= 1_010, "{}", built.warnings().len());
}
