//! Canonical bytes and digests of template values: equal for equal values, on every machine. Knows
//! nothing of what the values mean.

use tera::{Map, Value};

use crate::digest::Digest;

/// The digest of a value.
pub fn digest(value: &Value) -> Digest {
    let mut bytes = Vec::with_capacity(1024);
    write(value, &|_| None, &mut bytes);
    Digest::of(&bytes)
}

/// Appends the canonical bytes of a value: a letter for its type, its length where it has one, its content. A
/// map whose digest is `known` is written as that: who asks twice must know the same maps twice.
pub fn write(value: &Value, known: &impl Fn(&Map) -> Option<Digest>, out: &mut Vec<u8>) {
    if let Some(text) = value.as_str() {
        out.push(b's');
        put_text(text, out);
    } else if let Some(flag) = value.as_bool() {
        out.extend_from_slice(&[b'b', u8::from(flag)]);
    } else if let Some(items) = value.as_array() {
        out.push(b'a');
        out.extend_from_slice(&(items.len() as u32).to_le_bytes());
        items.iter().for_each(|item| write(item, known, out));
    } else if let Some(map) = value.as_map() {
        match known(map) {
            Some(digest) => {
                out.push(b'd');
                out.extend_from_slice(&digest.0);
            }
            None => entries(map, known, out),
        }
    } else if value.is_f64() {
        out.push(b'f');
        out.extend_from_slice(&value.as_f64().unwrap_or_default().to_le_bytes());
    } else if let Some(number) = value.as_i128() {
        out.push(b'i');
        out.extend_from_slice(&number.to_le_bytes());
    } else {
        out.push(b'n');
    }
}

/// Maps keep the order in which they were made, which is part of what templates can see.
fn entries(map: &Map, known: &impl Fn(&Map) -> Option<Digest>, out: &mut Vec<u8>) {
    out.push(b'm');
    out.extend_from_slice(&(map.len() as u32).to_le_bytes());
    for (key, value) in map {
        put_text(key.as_str().unwrap_or_default(), out);
        write(value, known, out);
    }
}

/// Appends a text with its length before it.
pub fn put_text(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::Entries;

    fn map(name: &'static str, value: impl Into<Value>) -> Value {
        let mut entries = Entries::default();
        entries.insert(name, value);
        entries.into()
    }

    #[test]
    fn what_templates_can_tell_apart_has_another_digest() {
        let values = [
            Value::none(),
            Value::from(false),
            Value::from(0),
            Value::from(0.0),
            Value::from(""),
            Value::from("0"),
            Value::from(Vec::<Value>::new()),
            map("a", 1),
            map("b", 1),
            map("a", Value::from(vec![Value::from(1)])),
        ];
        for (at, one) in values.iter().enumerate() {
            assert_eq!(digest(one), digest(&one.clone()));
            assert!(values[at + 1..].iter().all(|other| digest(one) != digest(other)), "{one:?}");
        }
    }

    #[test]
    fn a_known_map_stands_for_what_is_in_it() {
        let bytes = |value: &Value, known: Option<Digest>| {
            let mut out = Vec::new();
            write(value, &|_| known, &mut out);
            out
        };
        let (one, other) = (map("a", 1), map("a", 2));
        assert_eq!(bytes(&one, Some(digest(&one))), bytes(&one.clone(), Some(digest(&one))));
        assert_ne!(bytes(&one, Some(digest(&one))), bytes(&other, Some(digest(&other))));
    }
}
