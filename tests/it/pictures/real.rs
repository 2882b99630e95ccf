//! Real files, from cameras, test suites and bug reports; `real/SOURCES.md` says where each is from.
//! Each is shown as ImageMagick sees it, or refused with the words expected here.

use super::*;

/// Those that cannot be shown, and what is said of them.
const REFUSED: [(&str, &str); 8] = [
    ("broken.png", "claims 97293039 × 1048810005 pixels"),
    ("decompression_bomb.gif", "ends too early"),
    ("exif.heic", "is a HEIC picture"),
    ("exif.tif", "is a TIFF picture"),
    ("testimgari.jpg", "is an arithmetic-coded JPEG"),
    ("testorig12.jpg", "is a JPEG with 12 bits a sample"),
    ("truncated_app14.jpg", "is a damaged JPEG"),
    ("truncated_jpeg.jpg", "ends too early"),
];

fn files() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/pictures/real");
    let entries = std::fs::read_dir(folder).expect("the folder of real pictures");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<(String, Vec<u8>)> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension != "md"))
        .map(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
            (name, std::fs::read(&path).expect("a picture"))
        })
        .collect();
    files.sort();
    files
}

#[test]
fn real_files_are_shown_as_magick_sees_them_or_refused() {
    let files = files();
    assert!(files.len() > 45, "only {} real pictures", files.len());
    // A number makes each name its own, whatever the ending.
    let names: Vec<String> = (0..files.len()).map(|at| format!("p{at:02}-{}", files[at].0)).collect();
    let pictures: Vec<(&str, &[u8])> =
        names.iter().map(String::as_str).zip(files.iter().map(|(_, b)| &b[..])).collect();
    let site = gallery(&pictures);
    let built = site.fails();
    assert_eq!(built.number("/pictures/failed"), REFUSED.len() as u64, "{}", built.stderr());
    let mut worst = Vec::new();
    for (name, (file, _)) in names.iter().zip(&files) {
        if let Some((_, words)) = REFUSED.iter().find(|(refused, _)| refused == file) {
            built.says(&format!("error: {words}")).says(&format!("photos/{name}"));
            continue;
        }
        // Its profile is of another kind of colour than its pixels; everybody has to leave it aside.
        let step = if file == "icc-after-SOF.jpg" { "+profile icc" } else { "+repage" };
        let seen = seen_by_magick_after(&site, name, step);
        let (width, height) = image::image_dimensions(&seen).expect("what ImageMagick made");
        let found = variant(&site, &format!("{}-", &name[..3]), &format!("-{width}x{height}."));
        // Lossy WebP halves the colour of every four pixels, which shows in the stripes of small test
        // pictures; what ImageMagick sees is sent through the same.
        let sent = site.outside().join("sent.webp");
        magick(&[text(&seen), "-quality", "99", "-define", "webp:lossless=false", text(&sent)]);
        let error = difference(&found, &seen).min(difference(&found, &sent));
        if error >= 2.0 {
            worst.push(format!("{file}: off by {error:.2} of 255 on average"));
        }
        let about = String::from_utf8(tool("exiftool", &["-s", "-G", text(&found)])).expect("text");
        let kept = about
            .lines()
            .find(|line| ["[EXIF]", "[XMP]", "[IPTC]", "[ICC"].iter().any(|group| line.starts_with(group)));
        assert_eq!(kept, None, "{file} keeps metadata");
    }
    assert!(worst.is_empty(), "{}", worst.join("\n"));
}

/// One of twenty megapixels, which `./test` takes from a Debian package.
#[test]
fn a_very_large_photo_becomes_small_ones() {
    let folder = std::env::var_os("LIFTHILL_PICTURES").expect("LIFTHILL_PICTURES names the folder that ./test fills");
    let large = Path::new(&folder).join("Kleiber_by_Lukas_Baubkus.jpg");
    let bytes = std::fs::read(&large).unwrap_or_else(|error| panic!("{}: {error}", large.display()));
    let site = gallery(&[("bird.jpg", bytes)]);
    let (code, _, said) = site.command(&["build"]);
    assert_eq!(code, 0, "{said}");
    variant(&site, "bird-", "-6028x3391.");
    let seen = seen_by_magick(&site, "bird.jpg");
    for size in ["800x450", "400x225"] {
        let smaller = site.outside().join("smaller.png");
        magick(&[text(&seen), "-filter", "Lanczos", "-resize", &format!("{size}!"), text(&smaller)]);
        let error = difference(&variant(&site, "bird-", &format!("-{size}.")), &smaller);
        assert!(error < 2.0, "{size}: off by {error:.2} of 255 on average");
    }
}
