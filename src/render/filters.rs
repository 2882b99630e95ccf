//! Filters that print numbers with their units. Units are metric; where readers may think in
//! feet the other figure follows in brackets. Knows nothing of fields.

use tera::{Error, Kwargs, State, Tera, TeraResult, Value};

/// Every filter of ours, with the arguments that it takes.
pub(super) const FILTERS: [(&str, &[&str]); 8] = [
    ("number", &[]),
    ("metres", &[]),
    ("speed", &[]),
    ("centimetres", &[]),
    ("duration", &[]),
    ("rating", &[]),
    ("hectares", &[]),
    ("count", &["one", "many"]),
];

/// Registers the filters.
pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("number", |x: f64, _: Kwargs, _: &State<'_>| grouped(x, 2));
    tera.register_filter("metres", |x: f64, _: Kwargs, _: &State<'_>| metres(x));
    tera.register_filter("speed", |x: f64, _: Kwargs, _: &State<'_>| speed(x));
    tera.register_filter("centimetres", |x: f64, _: Kwargs, _: &State<'_>| centimetres(x));
    tera.register_filter("duration", |x: f64, _: Kwargs, _: &State<'_>| duration(x));
    tera.register_filter("rating", |x: f64, _: Kwargs, _: &State<'_>| fixed(x, 1));
    tera.register_filter("hectares", |x: f64, _: Kwargs, _: &State<'_>| hectares(x));
    tera.register_filter("count", |x: i64, arguments: Kwargs, _: &State<'_>| -> TeraResult<String> {
        let one: &str = arguments.must_get("one")?;
        let many: &str = arguments.must_get("many")?;
        Ok(count(x, one, many))
    });
    tera.register_filter("json_encode", |x: &Value, arguments: Kwargs, _: &State<'_>| -> TeraResult<String> {
        let pretty: Option<bool> = arguments.get("pretty")?;
        json(x, pretty.unwrap_or(false)).map_err(Error::message)
    });
}

/// A value as JSON that is also safe between the tags of a script: nothing in it ends one, or a quoted
/// attribute's value in single quotes.
fn json(value: &Value, pretty: bool) -> Result<String, serde_json::Error> {
    let text = if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) }?;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // They can stand only within strings.
            '<' | '>' | '&' | '\'' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    Ok(out)
}

/// "1 ride", "1,225 rides".
pub fn count(x: i64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(x as f64, 0), if x == 1 { one } else { many })
}

/// Just what `format!("{x:.places$}")` gives, for a fraction of the time: whole numbers of the last place
/// are printed wherever it is certain which is the nearest.
pub fn fixed(x: f64, places: usize) -> String {
    let mut out = String::with_capacity(16);
    push_fixed(&mut out, x, places);
    out
}

/// Appends what [`fixed`] gives.
pub fn push_fixed(out: &mut String, x: f64, places: usize) {
    let scale = [1.0, 10.0, 100.0, 1000.0].get(places);
    let scaled = scale.map_or(f64::NAN, |scale| x * scale);
    let nearest = scaled.round_ties_even();
    // Of a product this small the rounding error is far below what is left between a figure and a tie.
    let certain = scaled.abs() < 1e9 && ((scaled - nearest).abs() < 0.499_999 || places == 0);
    if !certain {
        out.push_str(&format!("{x:.places$}"));
        return;
    }
    if x.is_sign_negative() {
        out.push('-');
    }
    let (digits, power) = (nearest.abs() as u64, 10_u64.pow(places as u32));
    push_digits(out, digits / power, 1);
    if places > 0 {
        out.push('.');
        push_digits(out, digits % power, places);
    }
}

/// A whole number in at least `width` digits.
fn push_digits(out: &mut String, number: u64, width: usize) {
    if number >= 10 || width > 1 {
        push_digits(out, number / 10, width.saturating_sub(1));
    }
    out.push(char::from(b'0' + (number % 10) as u8));
}

/// At most `places` decimals, no trailing zeros, commas between thousands.
pub fn grouped(x: f64, places: usize) -> String {
    let text = fixed(x, places);
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut out = String::with_capacity(text.len() + 4);
    out.push_str(sign);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    let fraction = fraction.trim_end_matches('0');
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    if out == "-0" { "0".to_owned() } else { out }
}

fn metres(x: f64) -> String {
    format!("{} m ({} ft)", grouped(x, 1), grouped(x / 0.3048, 0))
}

fn speed(x: f64) -> String {
    format!("{} km/h ({} mph)", grouped(x, 1), grouped(x / 1.609_344, 0))
}

fn centimetres(x: f64) -> String {
    format!("{} cm ({} in)", grouped(x, 0), grouped(x / 2.54, 0))
}

fn hectares(x: f64) -> String {
    let acres = x * 2.471_053_8;
    format!("{} ha ({} acres)", grouped(x, 1), grouped(acres, if acres < 10.0 { 1 } else { 0 }))
}

fn duration(x: f64) -> String {
    let seconds = x.round() as u64;
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, seconds) => format!("{minutes}:{seconds:02} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_is_what_the_standard_library_prints() {
        let mut number = 7_u64;
        let mut random = || {
            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            number >> 11
        };
        let few = [0.0, -0.0, 0.5, 1.5, 2.5, 0.25, 0.05, 0.15, 1.005, 8.35, 99.95, 1e9, 1e20, f64::NAN, f64::INFINITY];
        let many = (0..20_000).map(|_| (random() % 2_000_000) as f64 / (1 + random() % 999) as f64);
        for x in few.into_iter().chain(many).flat_map(|x| [x, -x, x / 1000.0, (x * 100.0).round() / 100.0]) {
            for places in 0..=4 {
                assert_eq!(fixed(x, places), format!("{x:.places$}"), "{x:e} with {places} places");
            }
        }
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(grouped(1_234_567.5, 2), "1,234,567.5");
        assert_eq!(grouped(-1234.0, 2), "-1,234");
        assert_eq!(grouped(-0.001, 2), "0");
        assert_eq!(metres(35.0), "35 m (115 ft)");
        assert_eq!(speed(90.0), "90 km/h (56 mph)");
        assert_eq!(centimetres(132.0), "132 cm (52 in)");
        assert_eq!(duration(130.0), "2:10 min");
        assert_eq!(duration(59.4), "59 s");
        assert_eq!(hectares(72.0), "72 ha (178 acres)");
    }
}
