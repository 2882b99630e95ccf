//! Colours: from a picture's own profile to sRGB. Knows nothing of files.
//!
//! A profile that cannot be used is no error: the picture is taken to be sRGB already, as browsers
//! do, and its owner is told.

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use super::jpeg::Pixels;

/// Pixels as 3 or 4 channels of sRGB, and what was wrong with the profile, if anything.
pub struct Converted {
    pub channels: u8,
    pub pixels: Vec<u8>,
    pub warning: Option<String>,
}

/// JPEG pixels to sRGB.
pub fn of_jpeg(pixels: Pixels, profile: Option<&[u8]>) -> Converted {
    let profile = profile.map(parse).transpose();
    let (profile, mut warning) = match profile {
        Ok(profile) => (profile, None),
        Err(why) => (None, Some(why)),
    };
    let made = match (&pixels, &profile) {
        (_, None) => None,
        (Pixels::Gray(pixels), Some(profile)) if profile.color_space == DataColorSpace::Gray => {
            Some(convert(profile, Layout::Gray, 1, pixels))
        }
        (Pixels::Rgb(pixels), Some(profile)) if profile.color_space == DataColorSpace::Rgb => {
            Some(convert(profile, Layout::Rgb, 3, pixels))
        }
        (Pixels::Cmyk(pixels), Some(profile)) if profile.color_space == DataColorSpace::Cmyk => {
            let inks: Vec<u8> = pixels.iter().map(|paper| 255 - paper).collect();
            Some(convert(profile, Layout::Rgba, 4, &inks))
        }
        (Pixels::Gray(pixels), Some(profile)) if profile.color_space == DataColorSpace::Rgb => {
            Some(convert(profile, Layout::Rgb, 3, &spread(pixels)))
        }
        _ => Some(Err("its colour profile is for another kind of picture".to_owned())),
    };
    let pixels = match made {
        Some(Ok(converted)) => converted,
        other => {
            if let Some(Err(why)) = other {
                warning = Some(why);
            }
            match pixels {
                Pixels::Gray(pixels) => spread(&pixels),
                Pixels::Rgb(pixels) => pixels,
                Pixels::Cmyk(pixels) => mix(&pixels),
            }
        }
    };
    Converted { channels: 3, pixels, warning }
}

/// RGB or RGBA pixels to sRGB. `gray` says that all three are alike in the file.
pub fn of_rgb(channels: u8, pixels: Vec<u8>, gray: bool, profile: Option<&[u8]>) -> Converted {
    let Some(profile) = profile else { return Converted { channels, pixels, warning: None } };
    let (layout, gray_layout) =
        if channels == 4 { (Layout::Rgba, Layout::GrayAlpha) } else { (Layout::Rgb, Layout::Gray) };
    let made = parse(profile).and_then(|profile| match profile.color_space {
        DataColorSpace::Rgb => convert(&profile, layout, channels.into(), &pixels),
        DataColorSpace::Gray if gray => {
            let single: Vec<u8> = pixels
                .chunks_exact(channels.into())
                .flat_map(|pixel| std::iter::once(pixel[0]).chain(pixel.get(3).copied()))
                .collect();
            convert(&profile, gray_layout, usize::from(channels) - 2, &single)
        }
        _ => Err("its colour profile is for another kind of picture".to_owned()),
    });
    match made {
        Ok(pixels) => Converted { channels, pixels, warning: None },
        Err(why) => Converted { channels, pixels, warning: Some(why) },
    }
}

fn parse(profile: &[u8]) -> Result<ColorProfile, String> {
    ColorProfile::new_from_slice(profile).map_err(|error| format!("its colour profile is broken ({error})"))
}

/// Pixels converted in one go; a few rows at a time would spare no memory that matters.
fn convert(profile: &ColorProfile, layout: Layout, per_pixel: usize, pixels: &[u8]) -> Result<Vec<u8>, String> {
    let to = if matches!(layout, Layout::GrayAlpha) || (matches!(layout, Layout::Rgba) && !is_cmyk(profile)) {
        (Layout::Rgba, 4)
    } else {
        (Layout::Rgb, 3)
    };
    let in_words = |error| format!("its colour profile cannot be used ({error})");
    let srgb = ColorProfile::new_srgb();
    let transform =
        profile.create_transform_8bit(layout, &srgb, to.0, TransformOptions::default()).map_err(in_words)?;
    let mut converted = vec![0; pixels.len() / per_pixel * to.1];
    transform.transform(pixels, &mut converted).map_err(in_words)?;
    Ok(converted)
}

fn is_cmyk(profile: &ColorProfile) -> bool {
    profile.color_space == DataColorSpace::Cmyk
}

fn spread(gray: &[u8]) -> Vec<u8> {
    gray.iter().flat_map(|value| [*value; 3]).collect()
}

/// Inks mixed without a profile: what is left of white light under each, and under black.
fn mix(paper: &[u8]) -> Vec<u8> {
    let under = |a: u8, b: u8| ((u32::from(a) * u32::from(b) + 127) / 255) as u8;
    paper.chunks_exact(4).flat_map(|pixel| [0, 1, 2].map(|ink| under(pixel[ink], pixel[3]))).collect()
}
