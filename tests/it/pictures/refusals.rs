//! Files that cannot be shown: each is named with what is wrong with it, and the rest of the site
//! goes on. The laws of every build are held to here as well.

use super::*;

/// A GIF of 44 bytes that claims more than four thousand million pixels.
const BOMB: &[u8] = b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\0\x02\x02D\x01\0;";

/// The same JPEG with another byte somewhere in its frame header.
fn with_frame_byte(mut bytes: Vec<u8>, offset: usize, value: u8) -> Vec<u8> {
    let at = bytes.windows(2).position(|pair| pair == b"\xff\xc0").expect("a baseline frame");
    bytes[at + offset] = value;
    bytes
}

#[test]
fn each_is_named_and_the_others_are_shown() {
    let whole = jpeg(96, 64, None, 1);
    let cases: [(&str, Vec<u8>, &str); 9] = [
        ("arithmetic.jpg", with_frame_byte(whole.clone(), 1, 0xc9), "is an arithmetic-coded JPEG"),
        ("bomb.gif", BOMB.to_vec(), "claims 65535 × 65535 pixels; at most 100 million"),
        ("cut.jpg", whole[..whole.len() * 2 / 3].to_vec(), "ends too early"),
        ("cut.png", picture(1)[..60].to_vec(), "ends too early"),
        ("empty.jpg", Vec::new(), "is empty"),
        ("modern.jpg", b"\0\0\0\x1cftypavif\0\0\0\0".to_vec(), "is an AVIF picture"),
        ("raw.jpg", b"II*\0\x08\0\0\0".to_vec(), "is a TIFF picture or camera raw file"),
        ("twelve.jpg", with_frame_byte(whole.clone(), 4, 12), "is a JPEG with 12 bits a sample"),
        ("words.jpg", b"not a picture".to_vec(), "is not a picture that can be read here"),
    ];
    let mut pictures: Vec<(&str, Vec<u8>)> = cases.iter().map(|(name, bytes, _)| (*name, bytes.clone())).collect();
    pictures.push(("good.jpg", whole));
    let site = gallery(&pictures);
    let built = site.fails();
    built.exit(1).failed(0);
    for (name, _, words) in &cases {
        built.says(&format!("error: {words}")).says(&format!("--> content/parks/efteling/photos/{name}"));
        let stem = name.split('.').next().expect("a stem");
        assert!(!site.page("/parks/efteling/").contains(&format!("/photos/{stem}")), "{name} is shown");
    }
    assert_eq!(built.number("/pictures/failed"), 9);
    assert!(site.page("/parks/efteling/").contains("/photos/good-96x64."));

    // They are told of again in every build, without another look at them, until they are mended.
    let again = site.fails();
    assert_eq!((again.number("/pictures/failed"), again.number("/pictures/surveyed")), (9, 0));
    for (name, _, _) in &cases {
        site.write(&format!("content/parks/efteling/photos/{name}"), picture(3));
    }
    site.build();
    assert!(site.page("/parks/efteling/").contains("/photos/bomb-32x24."));
}

#[test]
fn a_name_says_nothing_about_a_picture() {
    let site = gallery(&[("really-a-png.jpg", picture(2))]);
    site.build();
    variant(&site, "really-a-png-32x24.", "");
}

#[test]
fn a_photo_without_words_is_a_warning() {
    let site = gallery(&[("loop.png", picture(1)), ("wave.png", picture(2))]);
    let list = "[[photo]]\nfile = 'loop.png'\n[[photo]]\nfile = 'wave.png'\nalt = ''\n";
    site.write("content/parks/efteling/photos.toml", list);
    let built = site.build();
    built.says("warning: `loop.png` has no `alt`").says("photos.toml:2:").never_says("wave.png");
}
