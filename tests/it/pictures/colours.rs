//! Pixels: every kind of picture ends upright, in sRGB, as ImageMagick sees it.

use super::*;

/// Builds a gallery of one picture and compares its full size with ImageMagick's reading of it.
fn is_as_seen_by_magick(name: &str, bytes: &[u8], size: &str) {
    let site = gallery(&[(name, bytes)]);
    site.build();
    let expected = seen_by_magick(&site, name);
    let stem = name.split('.').next().expect("a stem");
    let error = difference(&variant(&site, &format!("{stem}-{size}."), ""), &expected);
    assert!(error < 2.0, "{name}: off by {error:.2} of 255 on average");
}

#[test]
fn all_eight_orientations_stand_upright() {
    for orientation in 1..=8 {
        let size = if orientation < 5 { "96x64" } else { "64x96" };
        is_as_seen_by_magick(&format!("turned{orientation}.jpg"), &jpeg(96, 64, None, orientation), size);
    }
}

#[test]
fn wide_colours_become_srgb() {
    let profiles = [("p3", moxcms::ColorProfile::new_display_p3()), ("adobe", moxcms::ColorProfile::new_adobe_rgb())];
    for (name, profile) in profiles {
        let profile = profile.encode().expect("a profile");
        is_as_seen_by_magick(&format!("{name}.jpg"), &jpeg(96, 64, Some(profile), 1), "96x64");
    }
}

/// Makes a picture with ImageMagick from the scene.
fn made(name: &str, arguments: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (from, to) = (folder.path().join("scene.png"), folder.path().join(name));
    scene(96, 64).save(&from).expect("the scene");
    let all = [&[text(&from)], arguments, &[text(&to)]].concat();
    magick(&all);
    std::fs::read(&to).expect("what it made")
}

#[test]
fn what_cameras_and_print_shops_hand_in() {
    let kinds: [(&str, &[&str]); 9] = [
        ("progressive.jpg", &["-interlace", "Plane", "-quality", "97"]),
        ("cmyk.jpg", &["-colorspace", "CMYK", "-quality", "98"]),
        ("gray.jpg", &["-colorspace", "Gray", "-quality", "97"]),
        ("chroma.jpg", &["-sampling-factor", "4:2:0", "-quality", "97"]),
        ("deep.png", &["-depth", "16", "-define", "png:bit-depth=16"]),
        ("interlaced.png", &["-interlace", "PNG"]),
        ("glass.png", &["-alpha", "set", "-channel", "A", "-evaluate", "set", "50%"]),
        (
            "palette.png",
            &["-alpha", "set", "-transparent", "black", "+dither", "-colors", "64", "-define", "png:format=png8"],
        ),
        ("lossless.webp", &["-define", "webp:lossless=true"]),
    ];
    for (name, arguments) in kinds {
        is_as_seen_by_magick(name, &made(name, arguments), "96x64");
    }
}

#[test]
fn a_broken_profile_is_told_and_taken_for_srgb() {
    let site = gallery(&[("odd.jpg", jpeg(96, 64, Some(b"no profile at all".to_vec()), 1))]);
    site.build().says("photos/odd.jpg").says("warning").says("it is taken to be sRGB");
    let plain = site.outside().join("plain.jpg");
    std::fs::write(&plain, jpeg(96, 64, None, 1)).expect("a file");
    assert!(difference(&variant(&site, "odd-96x64.", ""), &plain) < 2.0);
}

#[test]
fn an_animation_shows_its_first_frame_or_moves() {
    let frames = (0..3).map(|number| {
        let shade = image::Rgba([number * 80, 40, 200 - number * 60, 255]);
        image::Frame::from_parts(
            image::RgbaImage::from_pixel(48, 32, shade),
            0,
            0,
            image::Delay::from_numer_denom_ms(120, 1),
        )
    });
    let mut bytes = Vec::new();
    image::codecs::gif::GifEncoder::new(&mut bytes).encode_frames(frames).expect("a GIF");
    let site = gallery(&[("wheel.gif", &bytes)]);
    site.build();
    let still = std::fs::read(variant(&site, "wheel-48x32.", "")).expect("a picture");
    assert_eq!(image::load_from_memory(&still).expect("it can be read").into_rgb8().get_pixel(9, 9).0[0] / 8, 0);

    site.edit("lifthill.toml", "[photos]", "[photos]\nanimated = true");
    site.build();
    let path = variant(&site, "wheel-48x32.", "");
    let file = std::io::BufReader::new(std::fs::File::open(&path).expect("a picture"));
    let decoder = image::codecs::webp::WebPDecoder::new(file).expect("WebP");
    let frames: Vec<image::Frame> =
        image::AnimationDecoder::into_frames(decoder).collect::<Result<_, _>>().expect("frames");
    let reds: Vec<u8> = frames.iter().map(|frame| frame.buffer().get_pixel(9, 9).0[0]).collect();
    assert_eq!(frames.len(), 3);
    assert!(reds.iter().zip([0_u8, 80, 160]).all(|(found, red)| found.abs_diff(red) < 8), "{reds:?}");
    assert_eq!(frames[1].delay().numer_denom_ms().0, 120);
}
