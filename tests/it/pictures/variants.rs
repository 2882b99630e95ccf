//! Variants: which files a picture becomes, when they are made again, and what is not in them.

use super::*;

/// A picture as large as a small photograph.
fn large() -> Vec<u8> {
    jpeg(1200, 800, None, 1)
}

#[test]
fn a_photo_is_sent_at_three_sizes_and_never_made_twice() {
    let site = gallery(&[("gate.jpg", large())]);
    let built = site.build();
    let count = |built: &crate::site::Built, what: &str| built.number(&format!("/pictures/{what}"));
    assert_eq!((count(&built, "surveyed"), count(&built, "decoded"), count(&built, "encoded")), (1, 0, 3));
    for size in ["1200x800", "800x533", "400x267"] {
        let path = variant(&site, &format!("gate-{size}."), "");
        let (width, height) = image::image_dimensions(&path).expect("a picture");
        assert_eq!(format!("{width}x{height}"), size);
    }
    let page = site.page("/parks/efteling/");
    let plain = page.replace('"', "");
    for words in ["<picture>", "400w, ", "800w, ", "1200w", "width=1200", "height=800", "alt=A photo.", "<rect fill=#"]
    {
        assert!(plain.contains(words), "no {words}: {page}");
    }

    let again = site.build();
    again.rendered([]).wrote(0);
    assert_eq!((count(&again, "surveyed"), count(&again, "decoded"), count(&again, "encoded")), (0, 0, 0));

    // Without its state and its output everything is still kept.
    site.remove("output");
    site.remove(".lifthill/state.redb");
    let anew = site.build();
    assert_eq!((count(&anew, "decoded"), count(&anew, "encoded"), count(&anew, "kept")), (0, 0, 3));
}

#[test]
fn small_pictures_are_never_made_larger() {
    let site = gallery(&[("small.png", picture(1))]);
    site.build();
    variant(&site, "small-", "");
}

#[test]
fn a_replaced_photo_replaces_just_its_variants() {
    let site = gallery(&[("one.jpg", large()), ("two.png", picture(2))]).park("walibi", "name = 'Walibi'");
    site.build();
    site.write("content/parks/efteling/photos/two.png", picture(3));
    let built = site.build();
    built.rendered(["/parks/efteling/", "/photos/two-32x24.*.webp"]).removed(1);
    assert_eq!((built.number("/pictures/surveyed"), built.number("/pictures/encoded")), (1, 1));
}

#[test]
fn what_pages_ask_for_decides_which_files_there_are() {
    let site = gallery(&[("gate.jpg", large())]);
    site.build();
    let template = |call: &str| {
        format!("{{% set i = image(photo=park.photos[0], {call}) %}}<p>{{{{ i.url }}}} {{{{ i.srcset }}}}")
    };
    let files = || -> Vec<String> {
        let output = site.output();
        let photos = output.files().filter(|file| file.starts_with("photos/"));
        photos.map(|file| file.split('.').next().unwrap_or_default().to_owned()).collect()
    };
    site.write("templates/park.html", template("widths=[300, 5000]"));
    site.build();
    assert_eq!(files(), ["photos/gate-1200x800", "photos/gate-300x200"]);
    site.write("templates/park.html", template("fit='90x90'"));
    let built = site.build();
    assert_eq!((files(), built.files("removed")), (vec!["photos/gate-90x60".to_owned()], 2));
    site.write("templates/park.html", template("fit='90x90', formats=['avif', 'webp']"));
    site.build();
    let avif = site.output().files().find(|file| file.ends_with(".avif")).expect("an AVIF file").to_owned();
    let bytes = std::fs::read(site.path("output").join(avif)).expect("it");
    assert_eq!(&bytes[4..12], b"ftypavif");
    site.write("templates/park.html", template("formats=['gif']"));
    site.fails().failed(1).says("`gif` cannot be made");
    site.write("templates/park.html", "<p>No photo.");
    site.build();
    assert!(files().is_empty());
}

#[test]
fn an_altered_or_missing_variant_comes_back() {
    let site = gallery(&[("gate.jpg", large())]);
    site.build();
    let path = variant(&site, "gate-400x267.", "");
    // The file is the store's own under another name: an edit in place damages both.
    let mut bytes = std::fs::read(&path).expect("a picture");
    bytes[100] ^= 1;
    std::fs::write(&path, &bytes).expect("an edit in place");
    let built = site.build();
    assert_eq!((built.number("/pictures/encoded"), built.number("/pictures/kept")), (1, 0));
    std::fs::remove_file(&path).expect("it goes");
    let built = site.build();
    assert_eq!((built.number("/pictures/encoded"), built.number("/pictures/kept")), (0, 1));
    assert!(path.is_file());
}

#[test]
fn a_lost_store_costs_only_time() {
    let site = gallery(&[("gate.jpg", large())]);
    site.build();
    site.remove(".lifthill/cas");
    site.build().rendered([]);
    site.write("templates/park.html", "{% set i = image(photo=park.photos[0], fit='100x100') %}<p>{{ i.url }}");
    site.build();
    variant(&site, "gate-100x67.", "");
}

#[test]
fn nothing_but_pixels_is_sent() {
    let adobe = moxcms::ColorProfile::new_adobe_rgb().encode().expect("a profile");
    let site = gallery(&[("gate.jpg", jpeg(96, 64, Some(adobe), 6))]);
    site.write(
        "templates/park.html",
        "{% set i = image(photo=park.photos[0]) %}<p>{{ i.url }}{% set o = image(photo=park.photos[0], original=true) %}{{ o.url }}",
    );
    site.build();
    let told = |path: &Path| String::from_utf8(tool("exiftool", &["-G", "-s", text(path)])).expect("text");
    let source = told(&site.path("content/parks/efteling/photos/gate.jpg"));
    assert!(source.contains("GPSLatitude"), "{source}");

    let sent = told(&variant(&site, "gate-64x96.", ""));
    let groups = |told: &str| -> Vec<String> {
        let mut groups: Vec<String> =
            told.lines().filter_map(|line| Some(line.strip_prefix('[')?.split(']').next()?.to_owned())).collect();
        groups.sort();
        groups.dedup();
        groups
    };
    for metadata in ["EXIF", "XMP", "ICC_Profile", "IPTC", "GPS", "Comment"] {
        assert!(!sent.contains(metadata), "{metadata} in\n{sent}");
    }
    assert!(
        groups(&sent).iter().all(|group| ["Composite", "ExifTool", "File", "RIFF"].contains(&group.as_str())),
        "{sent}"
    );

    // The original keeps what it needs to look as it does, and nothing else.
    let original = told(&variant(&site, "gate.", ""));
    assert!(original.contains("Orientation") && original.contains("ICC_Profile"), "{original}");
    assert!(!original.contains("GPS"), "{original}");
    let before = image::open(site.path("content/parks/efteling/photos/gate.jpg")).expect("a picture");
    assert_eq!(image::open(variant(&site, "gate.", "")).expect("a picture"), before, "the same pixels");
}
