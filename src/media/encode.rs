//! Pixels to the bytes that are sent: WebP through libwebp, AVIF through ravif. Knows nothing of
//! files. The only unsafe code of this module is here: libwebp is C. It only ever encodes pixels
//! of ours; what others made is decoded in Rust.

use std::ffi::c_int;

use libwebp_sys::{
    WebPConfig, WebPEncode, WebPMemoryWrite, WebPMemoryWriter, WebPMemoryWriterClear, WebPMemoryWriterInit,
    WebPPicture, WebPPictureFree, WebPPictureImportRGB, WebPPictureImportRGBA, WebPPreset, WebPValidateConfig,
};
use ravif::{Img, RGB8, RGBA8};

use super::picture::Picture;
use super::variant::Coding;

/// The longest side that a WebP picture can have.
pub const WEBP_SIDE: u32 = 16_383;

/// The picture in a coding.
pub fn encode(picture: &Picture, coding: Coding) -> Result<Vec<u8>, String> {
    match coding {
        Coding::WebP { quality, method, .. } => webp(picture, quality, method),
        Coding::Avif { quality, speed } => avif(picture, quality, speed),
    }
}

/// Lossy WebP without any metadata.
pub fn webp(picture: &Picture, quality: u8, method: u8) -> Result<Vec<u8>, String> {
    let failed = |what: &str| format!("libwebp cannot {what}");
    let mut config = WebPConfig::new_with_preset(WebPPreset::WEBP_PRESET_DEFAULT, f32::from(quality))
        .map_err(|()| failed("be set up"))?;
    config.method = c_int::from(method);
    let (width, height) = (picture.width as c_int, picture.height as c_int);
    let stride = width * c_int::from(picture.channels);
    if picture.pixels.len() as u64 != u64::from(picture.width) * u64::from(picture.height) * u64::from(picture.channels)
        || picture.width > WEBP_SIDE
        || picture.height > WEBP_SIDE
    {
        return Err(failed("take a picture of this size"));
    }
    let mut frame = WebPPicture::new().map_err(|()| failed("be set up"))?;
    frame.width = width;
    frame.height = height;
    // SAFETY: `config`, `frame` and `writer` are set up by the library's own functions and outlive
    // its calls. The pixels are as many as width, height and stride say (looked at above), and the
    // library copies them. The writer's memory is copied before it is freed; both are freed on
    // every way out.
    unsafe {
        if WebPValidateConfig(&config) == 0 {
            return Err(failed("do with these settings"));
        }
        let mut writer = std::mem::MaybeUninit::<WebPMemoryWriter>::uninit();
        WebPMemoryWriterInit(writer.as_mut_ptr());
        let mut writer = writer.assume_init();
        frame.writer = Some(WebPMemoryWrite);
        frame.custom_ptr = std::ptr::from_mut(&mut writer).cast();
        let taken = if picture.has_alpha() {
            WebPPictureImportRGBA(&mut frame, picture.pixels.as_ptr(), stride)
        } else {
            WebPPictureImportRGB(&mut frame, picture.pixels.as_ptr(), stride)
        };
        let encoded = taken != 0 && WebPEncode(&config, &mut frame) != 0;
        let bytes = if encoded && !writer.mem.is_null() {
            Ok(std::slice::from_raw_parts(writer.mem, writer.size).to_vec())
        } else {
            Err(format!("libwebp cannot encode it ({:?})", frame.error_code))
        };
        WebPPictureFree(&mut frame);
        WebPMemoryWriterClear(&mut writer);
        bytes
    }
}

/// AVIF without any metadata.
fn avif(picture: &Picture, quality: u8, speed: u8) -> Result<Vec<u8>, String> {
    let encoder = ravif::Encoder::new()
        .with_quality(f32::from(quality))
        .with_alpha_quality(f32::from(quality))
        .with_speed(speed)
        .with_num_threads(Some(1));
    let (width, height) = (picture.width as usize, picture.height as usize);
    let work = || {
        if picture.has_alpha() {
            let pixels: Vec<RGBA8> =
                picture.pixels.chunks_exact(4).map(|p| RGBA8::new(p[0], p[1], p[2], p[3])).collect();
            encoder.encode_rgba(Img::new(&pixels, width, height))
        } else {
            let pixels: Vec<RGB8> = picture.pixels.chunks_exact(3).map(|p| RGB8::new(p[0], p[1], p[2])).collect();
            encoder.encode_rgb(Img::new(&pixels, width, height))
        }
    };
    // The encoder forks and joins by itself. In a pool of its own on a thread of its own, so that
    // a thread of ours that waits for it is never given another picture meanwhile.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().map_err(|error| error.to_string())?;
    let encoded = std::thread::scope(|scope| scope.spawn(|| pool.install(work)).join());
    match encoded {
        Ok(Ok(encoded)) => Ok(encoded.avif_file),
        Ok(Err(error)) => Err(format!("ravif cannot encode it ({error})")),
        Err(_) => Err("ravif cannot encode it (it panicked)".to_owned()),
    }
}
