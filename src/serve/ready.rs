//! What is known of a file before anybody asks for it: what the table says of it, what is said of
//! it besides its bytes, and its compressed variants. Worked out once an edition.

use axum::body::Bytes;
use axum::http::header::{ACCEPT_ENCODING, VARY};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::shelf::Edition;
use crate::headers::{Encoding, is_compressible};
use crate::output::Written;
use crate::paths::RelPath;

/// A file that can be served.
pub struct Ready {
    /// What the table says of it.
    pub written: Written,
    /// The strong tag of its bytes.
    pub tag: HeaderValue,
    /// What is said of it besides its bytes.
    pub headers: HeaderMap,
    /// Files beside it that hold the same in fewer bytes.
    variants: Vec<Variant>,
}

/// A file beside another that holds the same in fewer bytes.
pub struct Variant {
    /// How it is encoded, as in `Content-Encoding`.
    pub encoding: &'static str,
    /// The strong tag of its bytes.
    pub tag: HeaderValue,
    /// The variant's file.
    pub file: RelPath,
    /// What the table says of it.
    pub written: Written,
}

impl Ready {
    /// A file as a build that is under way has made it; variants are made later.
    pub fn made(edition: &Edition, file: &RelPath, written: Written) -> Self {
        let mut headers = HeaderMap::new();
        let said = edition.rules.of_file(file);
        let own = [("content-type", &*said.content_type), ("cache-control", &*said.cache_control)];
        for (name, value) in own.into_iter().chain(said.more) {
            // The settings have been checked; what is no header all the same is left out.
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
                headers.insert(name, value);
            }
        }
        Self { written, tag: tag(&written, ""), headers, variants: Vec::new() }
    }

    /// A file of an edition.
    pub fn of(edition: &Edition, file: &RelPath, written: Written) -> anyhow::Result<Self> {
        let mut ready = Self::made(edition, file, written);
        for encoding in Encoding::ALL.into_iter().filter(|_| is_compressible(file)) {
            let Some(beside) = encoding.of_file(file) else { continue };
            if let Some(written) = edition.compressed(&beside)? {
                ready.variants.push(Variant {
                    encoding: encoding.name(),
                    tag: tag(&written, ""),
                    file: beside,
                    written,
                });
            }
        }
        if !ready.variants.is_empty() {
            ready.headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        }
        Ok(ready)
    }

    /// The smallest variant that a request accepts; `None` for the file itself.
    pub fn variant(&self, asked: &HeaderMap) -> Option<&Variant> {
        if self.variants.is_empty() {
            return None;
        }
        let accepted = asked.get(ACCEPT_ENCODING)?.to_str().ok()?;
        let weighed = self.variants.iter().map(|variant| (accepts(accepted, variant.encoding), variant));
        let usable = weighed.filter(|(weight, _)| *weight > 0);
        usable.min_by_key(|(weight, one)| (std::cmp::Reverse(*weight), one.written.stamp.size)).map(|(_, one)| one)
    }
}

/// A strong tag: the digest of the bytes, and a mark where something is put into them on their way out.
pub fn tag(written: &Written, mark: &str) -> HeaderValue {
    let text = format!("\"{}{mark}\"", written.digest);
    HeaderValue::from_maybe_shared(Bytes::from(text)).expect("hexadecimal digits and a word of ours")
}

/// How much an encoding is wanted, in thousandths.
fn accepts(header: &str, encoding: &str) -> u32 {
    let mut any = 0;
    for part in header.split(',') {
        let mut words = part.split(';').map(str::trim);
        let name = words.next().unwrap_or_default();
        let weight = words.find_map(|word| word.strip_prefix("q=")).map_or(1.0, |q| q.parse().unwrap_or(0.0_f64));
        let weight = (weight.clamp(0.0, 1.0) * 1000.0) as u32;
        if name.eq_ignore_ascii_case(encoding) {
            return weight;
        }
        if name == "*" {
            any = weight;
        }
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_weighed() {
        assert_eq!(accepts("gzip, br;q=0.5", "gzip"), 1000);
        assert_eq!(accepts("gzip, br;q=0.5", "br"), 500);
        assert_eq!(accepts("*;q=0.1, br;q=0", "br"), 0);
        assert_eq!(accepts("*;q=0.1, br;q=0", "gzip"), 100);
        assert_eq!(accepts("identity", "gzip"), 0);
    }
}
