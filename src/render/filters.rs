//! Filters that print numbers with their units. Units are metric; where readers may think in
//! feet the other figure follows in brackets. Knows nothing of fields.

use tera::{Kwargs, State, Tera, TeraResult};

/// Registers the filters.
pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("number", |x: f64, _: Kwargs, _: &State<'_>| grouped(x, 2));
    tera.register_filter("metres", |x: f64, _: Kwargs, _: &State<'_>| metres(x));
    tera.register_filter("speed", |x: f64, _: Kwargs, _: &State<'_>| speed(x));
    tera.register_filter("centimetres", |x: f64, _: Kwargs, _: &State<'_>| centimetres(x));
    tera.register_filter("duration", |x: f64, _: Kwargs, _: &State<'_>| duration(x));
    tera.register_filter("rating", |x: f64, _: Kwargs, _: &State<'_>| format!("{x:.1}"));
    tera.register_filter("hectares", |x: f64, _: Kwargs, _: &State<'_>| hectares(x));
    tera.register_filter("count", |x: i64, arguments: Kwargs, _: &State<'_>| -> TeraResult<String> {
        let one: &str = arguments.must_get("one")?;
        let many: &str = arguments.must_get("many")?;
        Ok(count(x, one, many))
    });
}

/// "1 ride", "1,225 rides".
pub fn count(x: i64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(x as f64, 0), if x == 1 { one } else { many })
}

/// At most `places` decimals, no trailing zeros, commas between thousands.
pub fn grouped(x: f64, places: usize) -> String {
    // Most figures are whole, and printing those needs none of the care that fractions do.
    let whole_number = (x.fract() == 0.0 && x.abs() < 1e15).then_some(x as i64);
    let text = whole_number.map_or_else(|| format!("{x:.places$}"), |number| number.to_string());
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
