//! Edits of what hangs on records: reviews and photos.

use super::*;
use crate::site::{Site, picture};

#[test]
fn a_review_touches_its_ride_and_the_ranking() {
    let site = built();
    let reviews = "content/parks/efteling/reviews.jsonl";
    site.write(reviews, review("python", "2024-06-01", "8"));
    site.build().rendered([
        PYTHON_URL,
        "/parks/efteling/",
        "/rides/",
        "/companies/vekoma/",
        "/models/vekoma/mk-1200/",
        "/",
    ]);
    assert!(best(&site).contains("Python") && !best(&site).contains("Baron 1898"), "rated rides are ranked");

    // The same average and number: only the review's own words changed.
    site.edit(reviews, "Good.", "Very good.");
    site.build().rendered([PYTHON_URL]).wrote(1);

    site.write(reviews, review("python", "2024-06-01", "8") + &review("baron-1898", "2024-06-02", "9.5"));
    site.build();
    let ranking = best(&site);
    assert!(ranking.find("Baron 1898") < ranking.find("Python"), "better rides come first");

    let pending = review("python", "2024-06-03", "1").replace("\"author\"", "\"state\":\"pending\",\"author\"");
    site.write(reviews, review("python", "2024-06-01", "8") + &review("baron-1898", "2024-06-02", "9.5") + &pending);
    site.build().rendered([]);
    site.remove(reviews);
    site.build();
    assert!(!site.page(PYTHON_URL).contains("Very good"));
}

/// The front page's table of the best rides.
fn best(site: &Site) -> String {
    let page = site.page("/");
    let (_, table) = page.split_once("Best rated rides").expect("a table of them");
    table.split_once("</table>").expect("its end").0.to_owned()
}

/// A park with so many rides, `r-00` first, and a list of all of them with two on a page.
fn listed_by_two(rides: u32) -> Site {
    let mut site = Site::new().park("efteling", "name = 'Efteling'");
    for ride in 0..rides {
        let name = format!("name = 'Ride {ride:02}'\ncategory = 'other'");
        site = site.ride(&format!("efteling/r-{ride:02}"), &name);
    }
    site.edit("lifthill.toml", "title", "lists = { rides = 2 }\ntitle");
    site
}

#[test]
fn a_rating_moves_no_ride_in_the_list_of_all() {
    let site = listed_by_two(12);
    let reviews = "content/parks/efteling/reviews.jsonl";
    site.write(reviews, review("r-00", "2024-06-01", "8"));
    site.build();
    // The last one becomes the best: its own pages, those of its park, and one of the six lists.
    site.write(reviews, review("r-00", "2024-06-01", "8") + &review("r-11", "2024-06-02", "10"));
    // The other lists, which count rides but not ratings, are not even looked at.
    let (_, plan, _) = site.command(&["build", "--dry-run", "--json"]);
    let plan: serde_json::Value = serde_json::from_str(&plan).expect("one JSON object");
    let due = plan["plan"]["due"].as_array().expect("pages").iter().flat_map(|page| page["page"].as_str());
    assert_eq!(due.filter(|page| page.starts_with("/rides/")).collect::<Vec<_>>(), ["/rides/page/6/"]);
    site.build().rendered(["/parks/efteling/rides/r-11/", "/parks/efteling/", "/rides/page/6/", "/"]);
    assert!(best(&site).find("Ride 11") < best(&site).find("Ride 00"));
}

#[test]
fn a_ride_that_stays_where_it_is_concerns_one_list() {
    let site = listed_by_two(7);
    site.build();
    let (first, second) = ("rides/index.html", "rides/page/2/index.html");
    let cases = [("00", first), ("01", first), ("02", second), ("03", second), ("06", "rides/page/4/index.html")];
    for (ride, list) in cases {
        site.edit(&format!("content/parks/efteling/rides/r-{ride}.md"), "'other'", "'transport'");
        let built = site.build();
        let files = built.rendered_files();
        assert_eq!(files.iter().filter(|file| file.starts_with("rides/")).collect::<Vec<_>>(), [list], "ride {ride}");
    }
}

#[test]
fn reviews_of_a_park_touch_it() {
    let site = built();
    let line = "{\"author\":\"Bo\",\"rating\":7,\"text\":\"Nice.\",\"created\":\"2024-01-01\"}\n";
    site.write("content/parks/efteling/reviews.jsonl", line);
    let built = site.build();
    for file in ["parks/efteling/index.html", "parks/index.html", "countries/nl/index.html"] {
        assert!(built.rendered_files().iter().any(|one| one == file), "{file} in {:?}", built.rendered_files());
    }
}

#[test]
fn a_replaced_photo_touches_whoever_shows_it() {
    let site = built();
    site.write("content/parks/efteling/photos/loop.jpg", picture(1));
    site.build().rendered([]);
    site.write(
        "content/parks/efteling/photos.toml",
        "[[photo]]\nfile = 'loop.jpg'\nride = 'python'\nalt = 'A loop.'\n",
    );
    let built = site.build();
    assert!(built.rendered_files().contains(&"parks/efteling/rides/python/index.html".to_owned()));
    assert!(site.page(PYTHON_URL).contains("A loop."));

    site.write("content/parks/efteling/photos/loop.jpg", picture(2));
    let built = site.build();
    built.removed(1);
    assert!(built.rendered_files().contains(&"parks/efteling/rides/python/index.html".to_owned()));
    let shown = site.output().files().find(|file| file.starts_with("photos/")).expect("a picture").to_owned();
    assert!(site.page(PYTHON_URL).contains(&shown));

    site.edit("content/parks/efteling/photos.toml", "A loop.", "The loop.");
    site.build();
    assert!(site.page(PYTHON_URL).contains("The loop."));
    site.remove("content/parks/efteling/photos.toml");
    site.build().removed(1);
    assert!(!site.page(PYTHON_URL).contains("The loop."));
    site.remove("content/parks/efteling/photos");
    site.build().removed(0).rendered([]);
}

#[test]
fn two_parks_may_hold_the_same_picture() {
    let photos = "[[photo]]\nfile = 'map.png'\nalt = 'A map.'\n";
    let site = guide()
        .file("content/parks/efteling/photos/map.png", picture(1))
        .file("content/parks/efteling/photos.toml", photos)
        .file("content/parks/phantasialand/photos/map.png", picture(1))
        .file("content/parks/phantasialand/photos.toml", photos);
    let built = site.build();
    assert_eq!((built.number("/pictures/encoded"), built.number("/pictures/kept")), (1, 1));
    site.remove("content/parks/efteling/photos");
    site.remove("content/parks/efteling/photos.toml");
    site.build().removed(1);
    assert!(site.output().files().any(|file| file.starts_with("photos/map-")));
}

#[test]
fn the_main_photo_is_the_one_named() {
    let site = guide()
        .file("content/parks/efteling/photos/a.jpg", picture(1))
        .file("content/parks/efteling/photos/extra.jpg", picture(2))
        .file("content/parks/efteling/photos/ra.jpg", picture(3))
        .file(
            "content/parks/efteling/photos.toml",
            "[[photo]]\nfile = 'extra.jpg'\n[[photo]]\nfile = 'ra.jpg'\n[[photo]]\nfile = 'a.jpg'\n",
        );
    site.edit("content/parks/efteling/index.md", "country", "photo = 'a.jpg'\ncountry");
    site.write("templates/park.html", "<p>{% if park.photo %}{{ park.photo.file }}{% endif %}</p>");
    site.build();
    assert!(site.page("/parks/efteling/").contains("photos/a.jpg"), "{}", site.page("/parks/efteling/"));
}

#[test]
fn a_park_whose_folder_is_no_slug_shows_its_photos() {
    let site = Site::new()
        .park("Alton Towers", "name = 'Alton Towers'")
        .file("content/parks/Alton Towers/photos/gate.jpg", picture(1))
        .file("content/parks/Alton Towers/photos.toml", "[[photo]]\nfile = 'gate.jpg'\nalt = 'The gate.'\n");
    site.build();
    assert!(site.page("/parks/alton-towers/").contains("The gate."));
}
