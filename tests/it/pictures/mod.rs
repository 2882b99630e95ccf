//! Pictures: what becomes of the files that photographers hand in, odd ones above all. Expected
//! pixels are ImageMagick's, and metadata is looked for with exiftool; `./test` installs both.

mod colours;
mod real;
mod refusals;
mod variants;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::site::{Site, picture};

/// A park with these pictures as its photos, sent in the best quality, so that only mistakes show.
fn gallery<B: AsRef<[u8]>>(pictures: &[(&str, B)]) -> Site {
    let mut site = Site::new()
        .file(
            "lifthill.toml",
            "title = 'Parks'\nbase_url = 'https://parks.example'\n[photos]\nquality = 100\nmethod = 0\n",
        )
        .park("efteling", "name = 'Efteling'");
    let mut list = String::new();
    for (name, bytes) in pictures {
        site = site.file(&format!("content/parks/efteling/photos/{name}"), bytes);
        list.push_str(&format!("[[photo]]\nfile = '{name}'\nalt = 'A photo.'\n"));
    }
    site.file("content/parks/efteling/photos.toml", list)
}

/// The only file of a picture whose name begins with `start` and has `part` in it, below `output/`.
fn variant(site: &Site, start: &str, part: &str) -> PathBuf {
    let output = site.output();
    let start = format!("photos/{start}");
    let found: Vec<&str> = output.files().filter(|file| file.starts_with(&start) && file.contains(part)).collect();
    assert_eq!(found.len(), 1, "files that begin with {start} and have {part}: {found:?}");
    site.path("output").join(found[0])
}

/// Runs a tool that must be there and go well.
fn tool(name: &str, arguments: &[&str]) -> Vec<u8> {
    let done = Command::new(name).args(arguments).output();
    let done = done.unwrap_or_else(|error| panic!("{name} cannot be run ({error}); ./test installs it"));
    assert!(done.status.success(), "{name} {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    done.stdout
}

/// ImageMagick, under the name that is only its own.
fn magick(arguments: &[&str]) -> Vec<u8> {
    tool("convert-im6.q16", arguments)
}

/// What ImageMagick sees in a photo of the gallery: the first frame, upright, in sRGB.
fn seen_by_magick(site: &Site, name: &str) -> PathBuf {
    seen_by_magick_after(site, name, "+repage")
}

/// The same, after a step of its own.
fn seen_by_magick_after(site: &Site, name: &str, step: &str) -> PathBuf {
    let source = site.path("content/parks/efteling/photos").join(name);
    let (profile, seen) = (site.outside().join("srgb.icc"), site.outside().join("seen.png"));
    std::fs::write(&profile, moxcms::ColorProfile::new_srgb().encode().expect("a profile")).expect("a file");
    let first = format!("{}[0]", text(&source));
    let step: Vec<&str> = step.split(' ').collect();
    magick(
        &[&[&*first, "-auto-orient"][..], &step, &["-profile", text(&profile), "-strip", "-depth", "8", text(&seen)]]
            .concat(),
    );
    seen
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of letters")
}

/// How far two pictures differ: the mean over all samples, of 255, transparent pixels as black.
fn difference(found: &Path, expected: &Path) -> f64 {
    let open = |path: &Path| {
        let bytes = std::fs::read(path).expect("a picture");
        image::load_from_memory(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display())).into_rgba8()
    };
    let (found, expected) = (open(found), open(expected));
    assert_eq!(found.dimensions(), expected.dimensions());
    let shown = |pixel: &image::Rgba<u8>| {
        let [red, green, blue, alpha] = pixel.0.map(f64::from);
        [red * alpha / 255.0, green * alpha / 255.0, blue * alpha / 255.0, alpha]
    };
    let pairs = found.pixels().zip(expected.pixels());
    let sum: f64 = pairs.map(|(a, b)| (0..4).map(|at| (shown(a)[at] - shown(b)[at]).abs()).sum::<f64>()).sum();
    sum / (4.0 * f64::from(found.width()) * f64::from(found.height()))
}

/// A soft picture with a clear top left corner, in which every mistake of colour or turning shows.
fn scene(width: u32, height: u32) -> image::RgbImage {
    image::RgbImage::from_fn(width, height, |x, y| {
        let (x, y) = (f64::from(x) / f64::from(width), f64::from(y) / f64::from(height));
        let corner = if x < 0.25 && y < 0.25 { 0.6 } else { 0.0 };
        let part = |value: f64| (40.0 + 190.0 * value.clamp(0.0, 1.0)) as u8;
        image::Rgb([part(x * 0.8 + corner), part(y * 0.9), part((1.0 - x) * (1.0 - y) + 0.1)])
    })
}

/// A JPEG of the scene: with a colour profile, with this orientation and a place on earth in its
/// EXIF block.
fn jpeg(width: u32, height: u32, profile: Option<Vec<u8>>, orientation: u8) -> Vec<u8> {
    use image::ImageEncoder;
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 97);
    if let Some(profile) = profile {
        encoder.set_icc_profile(profile).expect("JPEG has room for a profile");
    }
    let scene = scene(width, height);
    encoder.write_image(&scene, width, height, image::ExtendedColorType::Rgb8).expect("a JPEG");
    let exif = exif(orientation);
    let mut whole = bytes[..2].to_vec();
    whole.extend_from_slice(&[0xff, 0xe1]);
    whole.extend_from_slice(&(exif.len() as u16 + 2).to_be_bytes());
    whole.extend_from_slice(&exif);
    whole.extend_from_slice(&bytes[2..]);
    whole
}

/// An EXIF block: the orientation, and a latitude (51° 39' 0" north) in the GPS part.
fn exif(orientation: u8) -> Vec<u8> {
    let mut block = b"Exif\0\0MM\0*\0\0\0\x08".to_vec();
    let entry = |block: &mut Vec<u8>, tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        block.extend_from_slice(&tag.to_be_bytes());
        block.extend_from_slice(&kind.to_be_bytes());
        block.extend_from_slice(&count.to_be_bytes());
        block.extend_from_slice(&value);
    };
    block.extend_from_slice(&2_u16.to_be_bytes());
    entry(&mut block, 0x112, 3, 1, [0, orientation, 0, 0]);
    entry(&mut block, 0x8825, 4, 1, 38_u32.to_be_bytes());
    block.extend_from_slice(&0_u32.to_be_bytes());
    block.extend_from_slice(&2_u16.to_be_bytes());
    entry(&mut block, 1, 2, 2, *b"N\0\0\0");
    entry(&mut block, 2, 5, 3, 68_u32.to_be_bytes());
    block.extend_from_slice(&0_u32.to_be_bytes());
    for number in [51_u32, 1, 39, 1, 0, 1] {
        block.extend_from_slice(&number.to_be_bytes());
    }
    block
}
