//! Amazon's request signature, version 4, for the one request that is not an object store's. Knows
//! nothing of caches.

use sha2::{Digest as _, Sha256};

/// A request to be signed.
pub struct Request<'r> {
    /// Host, with its port if any.
    pub host: &'r str,
    /// Path of the URL; it has no query.
    pub path: &'r str,
    /// The body.
    pub body: &'r [u8],
    /// The moment, as `20261124T235959Z`.
    pub moment: &'r str,
    /// Region, such as `us-east-1`.
    pub region: &'r str,
    /// Service, such as `cloudfront`.
    pub service: &'r str,
}

/// The `Authorization` header of a POST that also carries `Host` and `X-Amz-Date`, and
/// `X-Amz-Security-Token` where there is a token.
pub fn authorization(request: &Request<'_>, id: &str, secret: &str, token: Option<&str>) -> String {
    let Request { host, path, body, moment, region, service } = request;
    let day = &moment[..8.min(moment.len())];
    let mut headers = format!("host:{host}\nx-amz-date:{moment}\n");
    let mut names = "host;x-amz-date".to_owned();
    if let Some(token) = token {
        headers.push_str(&format!("x-amz-security-token:{token}\n"));
        names.push_str(";x-amz-security-token");
    }
    let canonical = format!("POST\n{path}\n\n{headers}\n{names}\n{}", hex(&Sha256::digest(body)));
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let text = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{}", hex(&Sha256::digest(canonical.as_bytes())));
    let mut key = hmac(format!("AWS4{secret}").as_bytes(), day.as_bytes());
    for part in [region, service, "aws4_request"] {
        key = hmac(&key, part.as_bytes());
    }
    let signature = hex(&hmac(&key, text.as_bytes()));
    format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}")
}

/// HMAC-SHA-256 (RFC 2104).
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    match key.len() {
        0..=64 => block[..key.len()].copy_from_slice(key),
        _ => block[..32].copy_from_slice(&Sha256::digest(key)),
    }
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test cases 2 and 6.
    #[test]
    fn hmac_is_that_of_the_standard() {
        let jefe = hmac(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(hex(&jefe), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let long = hmac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(hex(&long), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }

    /// The case `post-vanilla` of the test suite that Amazon publishes for its signatures.
    #[test]
    fn the_signature_is_amazons() {
        let request = Request {
            host: "example.amazonaws.com",
            path: "/",
            body: b"",
            moment: "20150830T123600Z",
            region: "us-east-1",
            service: "service",
        };
        let header = authorization(&request, "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None);
        assert!(
            header.ends_with("Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            "{header}"
        );
    }
}
