//! Scaling: Lanczos, on premultiplied alpha, in linear light on request. Knows nothing of files.

use std::sync::LazyLock;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{
    FilterType, PixelComponentMapper, PixelType, ResizeAlg, ResizeOptions, Resizer, create_srgb_mapper,
};

use super::picture::Picture;

/// Whether light is mixed as it is stored (as nearly everybody does) or as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Light {
    /// sRGB values are mixed.
    Stored,
    /// They are made linear first.
    Linear,
}

/// sRGB to linear light and back, as tables that never change.
static SRGB: LazyLock<PixelComponentMapper> = LazyLock::new(create_srgb_mapper);

/// The picture at another size.
pub fn resize(picture: &Picture, width: u32, height: u32, light: Light) -> Result<Picture, String> {
    resize_with(picture, (width, height), light, FilterType::Lanczos3)
}

/// The picture at a size at which nobody looks closely.
pub fn shrink(picture: &Picture, width: u32, height: u32) -> Result<Picture, String> {
    resize_with(picture, (width, height), Light::Stored, FilterType::Box)
}

fn resize_with(
    picture: &Picture,
    (width, height): (u32, u32),
    light: Light,
    filter: FilterType,
) -> Result<Picture, String> {
    let (stored, linear) =
        if picture.has_alpha() { (PixelType::U8x4, PixelType::U16x4) } else { (PixelType::U8x3, PixelType::U16x3) };
    let source =
        ImageRef::new(picture.width, picture.height, &picture.pixels, stored).map_err(|error| error.to_string())?;
    let mut target = Image::new(width, height, stored);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter)).use_alpha(true);
    let mut resizer = Resizer::new();
    match light {
        Light::Stored => resizer.resize(&source, &mut target, &options).map_err(|error| error.to_string())?,
        Light::Linear => {
            let mut bright = Image::new(picture.width, picture.height, linear);
            SRGB.forward_map(&source, &mut bright).map_err(|error| error.to_string())?;
            let mut small = Image::new(width, height, linear);
            resizer.resize(&bright, &mut small, &options).map_err(|error| error.to_string())?;
            SRGB.backward_map(&small, &mut target).map_err(|error| error.to_string())?;
        }
    }
    Ok(Picture { width, height, channels: picture.channels, pixels: target.into_vec() })
}

/// The largest size of the same shape that fits into a box; never larger than it is.
pub fn fit((width, height): (u32, u32), (most_wide, most_high): (u32, u32)) -> (u32, u32) {
    if width <= most_wide && height <= most_high {
        return (width, height);
    }
    let (w, h) = (u64::from(width), u64::from(height));
    let (mw, mh) = (u64::from(most_wide), u64::from(most_high));
    let rounded = |part: u64, whole: u64, of: u64| ((part * of + whole / 2) / whole).max(1) as u32;
    // Whichever side is the tighter one decides.
    if w * mh >= h * mw { (most_wide, rounded(h, w, mw)) } else { (rounded(w, h, mh), most_high) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_fit_and_never_grow() {
        assert_eq!(fit((3000, 2000), (800, 600)), (800, 533));
        assert_eq!(fit((2000, 3000), (800, 600)), (400, 600));
        assert_eq!(fit((640, 427), (800, 600)), (640, 427));
        assert_eq!(fit((10_000, 3), (400, 300)), (400, 1));
    }

    #[test]
    fn transparent_pixels_do_not_bleed() {
        // Red that cannot be seen, beside blue that can.
        let pixels = [[255, 0, 0, 0], [0, 0, 255, 255]].concat();
        let picture = Picture { width: 2, height: 1, channels: 4, pixels };
        let small = resize(&picture, 1, 1, Light::Stored).unwrap();
        assert_eq!(&small.pixels[..3], [0, 0, 255]);
    }

    #[test]
    fn linear_light_keeps_fine_patterns_bright() {
        let pixels = (0..64 * 64).flat_map(|index| [if (index + index / 64) % 2 == 0 { 255 } else { 0 }; 3]).collect();
        let picture = Picture { width: 64, height: 64, channels: 3, pixels };
        let middle = |light| resize(&picture, 8, 8, light).unwrap().pixels[3 * (8 * 4 + 4)];
        assert!((126..=129).contains(&middle(Light::Stored)), "{}", middle(Light::Stored));
        assert!((186..=190).contains(&middle(Light::Linear)), "{}", middle(Light::Linear));
    }
}
