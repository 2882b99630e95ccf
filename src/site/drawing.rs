//! Drawings in place of photographs: the profile of a roller coaster from its figures, as inline SVG.
//! The same figures make the same drawing. Knows nothing of pages; colours are the style sheet's.

use crate::render::filters::{count, push_fixed};

/// What a drawing is made from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Metres above the ground.
    pub height_m: Option<f64>,
    /// Metres.
    pub drop_m: Option<f64>,
    /// Metres of track.
    pub length_m: Option<f64>,
    /// How often riders are turned over.
    pub inversions: Option<u32>,
}

/// The drawing's size in its own units.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 190.0;
/// Where the ground is.
const GROUND: f64 = 172.0;

/// A point of the track at which it is level.
#[derive(Clone, Copy)]
struct Level {
    x: f64,
    y: f64,
}

/// The profile of a coaster called `name`; `None` where too little is known of it. The name and all
/// else in it is escaped.
pub fn profile(name: &str, figures: Figures) -> Option<String> {
    let height = figures.height_m.or(figures.drop_m).filter(|height| *height > 0.0)?;
    // Square roots let a small coaster be seen beside the tallest.
    let peak = (118.0 * (height / 140.0).sqrt()).clamp(26.0, 142.0);
    let drop = figures.drop_m.unwrap_or(height).max(1.0);
    // A drop longer than the coaster is high goes below the ground; that is drawn as the ground.
    let valley = (peak * (1.0 - drop / height)).clamp(4.0, peak * 0.6);
    let loops = figures.inversions.unwrap_or(0).min(6);
    let hills = (figures.length_m.unwrap_or(height * 20.0) / 260.0).round().clamp(2.0, 6.0) as u32;
    let hills = hills.min(8 - loops);

    let mut track = Track::begin();
    let lift = 150.0 - 26.0;
    track.rise_to(track.at.x + lift, peak);
    let stretch = (WIDTH - 60.0 - track.at.x) / f64::from(2 * hills + loops + 1);
    let mut loops_left = loops;
    for hill in 0..hills {
        let tired = 0.8_f64.powi(hill as i32 + 1);
        let low = if hill == 0 { valley } else { 6.0 + 4.0 * f64::from(hill % 2) };
        track.curve_to(track.at.x + stretch, low);
        // Loops come early, while there is speed.
        let here = loops_left.div_ceil(hills - hill);
        for _ in 0..here {
            track.turn_over((peak * 0.34 * tired.sqrt()).clamp(9.0, stretch * 0.55));
            track.curve_to(track.at.x + stretch, low);
        }
        loops_left -= here;
        let top = (peak * tired * 0.86).max(low + 5.0);
        track.curve_to(track.at.x + stretch, top);
    }
    track.curve_to(WIDTH - 46.0, 8.0);
    track.curve_to(WIDTH - 14.0, 8.0);
    let title = title(name, &figures);
    Some(format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\"><title>{}</title>\
         <path class=\"ground\" d=\"M0 {GROUND}H{WIDTH}\"/><path class=\"supports\" d=\"{}\"/>\
         <path class=\"track\" d=\"{}\"/></svg>",
        escaped(&title),
        track.supports,
        track.path
    ))
}

/// The track as far as it is drawn.
struct Track {
    path: String,
    supports: String,
    at: Level,
}

impl Track {
    /// Level out of the station.
    fn begin() -> Self {
        let at = Level { x: 14.0, y: GROUND - 8.0 };
        let mut track = Self { path: String::with_capacity(512), supports: String::with_capacity(256), at };
        track.write('M', &[at.x, at.y]);
        track.at.x += 26.0;
        track.write('H', &[track.at.x]);
        track.support(27.0, GROUND - 8.0);
        track
    }

    /// A lift hill: straight up, rounded at both ends, to `height` above the ground at `x`.
    fn rise_to(&mut self, x: f64, height: f64) {
        let from = self.at;
        let to = Level { x, y: GROUND - height };
        let (width, rise) = (to.x - from.x, to.y - from.y);
        let point = |part: f64| (from.x + width * part, from.y + rise * (part - 0.06) / 0.88);
        let (low, high) = (point(0.12), point(0.88));
        self.write('Q', &[from.x + width * 0.06, from.y, low.0, low.1]);
        self.write('L', &[high.0, high.1]);
        self.write('Q', &[from.x + width * 0.94, to.y, to.x, to.y]);
        for part in [0.3, 0.5, 0.7] {
            let (x, y) = point(part);
            self.support(x, y);
        }
        self.support(to.x, to.y);
        self.at = to;
    }

    /// A smooth curve, level at both ends, to `height` above the ground at `x`.
    fn curve_to(&mut self, x: f64, height: f64) {
        let from = self.at;
        let to = Level { x, y: GROUND - height };
        let bend = (to.x - from.x) * 0.46;
        self.write('C', &[from.x + bend, from.y, to.x - bend, to.y, to.x, to.y]);
        if height > 22.0 {
            self.support(to.x, to.y);
        }
        if (to.y - from.y).abs() > 44.0 {
            self.support((from.x + to.x) / 2.0, (from.y + to.y) / 2.0);
        }
        self.at = to;
    }

    /// A loop of about the radius `radius`, narrower above than below, that ends where it begins.
    fn turn_over(&mut self, radius: f64) {
        let Level { x, y } = self.at;
        let top = y - 2.1 * radius;
        let (wide, slim) = (1.35 * radius, 1.05 * radius);
        self.write('C', &[x + wide, y, x + slim, top, x, top]);
        self.write('C', &[x - slim, top, x - wide, y, x, y]);
    }

    fn support(&mut self, x: f64, y: f64) {
        command(&mut self.supports, 'M', &[x, y]);
        command(&mut self.supports, 'V', &[GROUND]);
    }

    fn write(&mut self, letter: char, numbers: &[f64]) {
        command(&mut self.path, letter, numbers);
    }
}

/// Appends one command of a path.
fn command(path: &mut String, letter: char, numbers: &[f64]) {
    path.push(letter);
    for (index, number) in numbers.iter().enumerate() {
        if index > 0 {
            path.push(' ');
        }
        push_short(path, *number);
    }
}

/// One decimal is a quarter of a pixel on the largest screen.
fn push_short(out: &mut String, number: f64) {
    push_fixed(out, number, 1);
    if out.ends_with(".0") {
        out.truncate(out.len() - 2);
    }
}

fn short(number: f64) -> String {
    let mut out = String::new();
    push_short(&mut out, number);
    out
}

/// What the drawing shows, for those who cannot see it.
fn title(name: &str, figures: &Figures) -> String {
    let metres = |what: &str, value: Option<f64>| value.map(|value| format!("{what} {} m", short(value)));
    let parts = [
        metres("height", figures.height_m),
        metres("drop", figures.drop_m),
        metres("length", figures.length_m),
        figures.inversions.filter(|count| *count > 0).map(|all| count(i64::from(all), "inversion", "inversions")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    format!("Drawn profile of {name}: {}", parts.join(", "))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_alone_decide_and_everything_stays_inside() {
        for height in [1.0, 5.0, 30.0, 139.0, 400.0] {
            for (length, inversions) in [(None, None), (Some(10.0), Some(0)), (Some(9000.0), Some(14))] {
                let figures =
                    Figures { height_m: Some(height), drop_m: Some(height * 1.2), length_m: length, inversions };
                let drawn = profile("X", figures).unwrap();
                assert_eq!(drawn, profile("X", figures).unwrap());
                let track = drawn.split("class=\"track\" d=\"").nth(1).unwrap().split('"').next().unwrap();
                let numbers = track.split(|c: char| !c.is_ascii_digit() && c != '.' && c != '-');
                let all: Vec<f64> = numbers.filter_map(|text| text.parse().ok()).collect();
                assert!(all.iter().all(|number| (0.0..=WIDTH).contains(number)), "{height} {track}");
            }
        }
        assert_eq!(profile("X", Figures::default()), None);
    }

    #[test]
    fn a_name_is_escaped() {
        let drawn = profile("<b> & co", Figures { height_m: Some(30.0), ..Figures::default() }).unwrap();
        assert!(drawn.contains("<title>Drawn profile of &lt;b&gt; &amp; co: height 30 m</title>"), "{drawn}");
    }
}
