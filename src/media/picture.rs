//! A picture in memory. Knows nothing of files.

/// Pixels in sRGB, upright: red, green, blue, and alpha where `channels` is 4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// 3 or 4.
    pub channels: u8,
    /// Row after row, without gaps.
    pub pixels: Vec<u8>,
}

impl Picture {
    /// Whether there is an alpha channel.
    pub fn has_alpha(&self) -> bool {
        self.channels == 4
    }

    /// The same picture without an alpha channel that says nothing.
    pub fn without_idle_alpha(mut self) -> Self {
        if self.has_alpha() && self.pixels.chunks_exact(4).all(|pixel| pixel[3] == 255) {
            self.pixels = self.pixels.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
            self.channels = 3;
        }
        self
    }
}
