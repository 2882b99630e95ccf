//! What is refused before it is decoded.

/// Bytes of a file.
pub const BYTES: u64 = 256 << 20;
/// Pixels of a frame.
pub const PIXELS: u64 = 100_000_000;
/// Width or height; WebP can hold no more than 16,383.
pub const SIDE: u32 = 65_535;
/// Frames of an animation.
pub const FRAMES: u32 = 500;
/// Pixels of all frames of an animation together.
pub const ANIMATED_PIXELS: u64 = 400_000_000;
/// Bytes of pixels decoded at any one moment, by all threads; a picture larger than this is
/// worked on alone.
pub const IN_FLIGHT: u64 = 192 << 20;
