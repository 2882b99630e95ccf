//! Files that hold many small things: reviews, photos, areas.

use insta::assert_snapshot;

use super::*;
use crate::site::picture;

#[test]
fn reviews_with_mistakes() {
    let lines = [
        "{\"author\":\"Mia\",\"rating\":8,\"created\":\"2024-01-01\"}",
        "{\"author\":\"Mia\",\"rating\":11,\"created\":\"2024-01-01\"}",
        "{\"author\":\"Mia\",\"rating\":7.3,\"created\":\"2024-01-01\"}",
        "{\"author\":\"Mia\",\"rating\":7,\"creatd\":\"2024-01-01\"}",
        "{\"author\":\"\",\"rating\":7,\"created\":\"2024-01-01\"}",
        "{\"author\":\"Mia\",\"rating\":7,\"created\":\"2024-01-01\",\"state\":\"aproved\"}",
        "{\"author\":\"Mia\",\"rating\":7,\"created\":\"2024-01-01\",\"ride\":\"baron\"}",
        "{\"author\":\"Mia\",\"rating\":7,",
        "[]",
        "{\"author\":\"Mia\",\"rating\":0.5,\"created\":\"2024-01-01\"}",
    ];
    let site = small().file("content/parks/efteling/reviews.jsonl", lines.join("\n"));
    let built = site.fails();
    built.exit(1).never_says("reviews.jsonl:1:");
    for line in 2..=lines.len() {
        built.says(&format!("  --> content/parks/efteling/reviews.jsonl:{line}:"));
    }
    built.says("did you mean `created`?").says("did you mean `approved`?").says("did you mean `efteling/baron-1898`?");
}

#[test]
fn photos_with_mistakes() {
    let site = small().file(
        "content/parks/efteling/photos.toml",
        "[[photo]]\nalt = 'No file.'\n\n[[photo]]\nfile = '../../../secret.jpg'\n\n[[photo]]\nfile = 'a.jpg'\nride = 'baron'\ncaptoin = 'A train.'\n\n[[photos]]\nfile = 'b.jpg'\n",
    );
    assert_snapshot!(said(&site), @r"
    error: a photo needs its `file`
      --> content/parks/efteling/photos.toml:1:1
       |
     1 | [[photo]]
       | ^^^^^^^^^

    error: `../../../secret.jpg` is not a file name
      --> content/parks/efteling/photos.toml:5:8
       |
     5 | file = '../../../secret.jpg'
       |        ^^^^^^^^^^^^^^^^^^^^^

    warning: `a.jpg` has no `alt`: what it shows, for those who cannot see it
      --> content/parks/efteling/photos.toml:8:8
       |
     8 | file = 'a.jpg'
       |        ^^^^^^^

    error: there is no picture content/parks/efteling/photos/a.jpg
      --> content/parks/efteling/photos.toml:8:9
       |
     8 | file = 'a.jpg'
       |         ^^^^^

    error: there is no ride `efteling/baron`
      --> content/parks/efteling/photos.toml:9:8
       |
     9 | ride = 'baron'
       |        ^^^^^^^
      = help: did you mean `efteling/baron-1898`?

    error: unknown key `captoin`
      --> content/parks/efteling/photos.toml:10:1
        |
     10 | captoin = 'A train.'
        | ^^^^^^^
      = help: did you mean `caption`?

    error: unknown key `photos`
      --> content/parks/efteling/photos.toml:12:3
        |
     12 | [[photos]]
        |   ^^^^^^
      = help: did you mean `photo`?
    ");
}

#[test]
fn a_photo_without_its_picture() {
    let site = small()
        .file("content/parks/efteling/photos.toml", "[[photo]]\nfile = 'a.jpg'\n")
        .file("content/parks/efteling/photos/a.jpg", picture(1));
    site.build();
    site.rename("content/parks/efteling/photos/a.jpg", "content/parks/efteling/photos/b.jpg");
    site.fails().exit(1).says("content/parks/efteling/photos.toml:2:").says("content/parks/efteling/photos/a.jpg");
    site.rename("content/parks/efteling/photos/b.jpg", "content/parks/efteling/photos/a.jpg");
    site.build().rendered([]);
}

#[test]
fn areas_with_mistakes() {
    let site = small().file(
        "content/parks/efteling/areas.toml",
        "[[area]]\nname = 'Ruigrijk'\n\n[[area]]\nname = 'Ruigrijk!'\n\n[[area]]\nslug = 'No Slug'\nname = 'X'\n\n[[area]]\ndescription = 'Nameless.'\n",
    );
    let built = site.fails();
    built.exit(1);
    for place in ["4:1", "8:8", "11:1"] {
        built.says(&format!("  --> content/parks/efteling/areas.toml:{place}\n"));
    }
}
