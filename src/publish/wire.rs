//! Requests to a store on their way out: what object_store has no words for is added here, and the
//! request is signed anew. Knows nothing of what is sent.
//!
//! Two things are added: where an object of an S3 website leads, and, for the stores to which
//! object_store sends no checksum (Google's and Azure's), the MD5 that they hold the bytes against.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use object_store::aws::{AwsAuthorizer, AwsCredential, AwsCredentialProvider};
use object_store::azure::{AzureAuthorizer, AzureCredential, AzureCredentialProvider};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService, ReqwestConnector,
};
use object_store::{ClientOptions, HeaderValue, PutPayload};

/// Where an object is to send its visitors; travels with a request as an extension of it.
#[derive(Clone, Debug)]
pub struct RedirectTo(pub String);

/// The MD5 of a body, in base 64 (RFC 1864); travels likewise.
#[derive(Clone, Debug)]
pub struct BodyMd5(String);

impl BodyMd5 {
    /// That of `payload`.
    pub fn of(payload: &PutPayload) -> Self {
        let mut hasher = Md5::new();
        payload.iter().for_each(|part| hasher.update(part));
        Self(STANDARD.encode(hasher.finalize()))
    }
}

/// Who signs requests of a store.
#[derive(Debug)]
pub enum Signer {
    /// Amazon's signature, version 4, for a region.
    Amazon(AwsCredentialProvider, String),
    /// Azure's, for an account.
    Azure(AzureCredentialProvider, String),
}

/// Connects as object_store does by itself, and adds what is asked for.
#[derive(Debug, Default, Clone)]
pub struct Connector {
    /// Known once the store is; none where requests carry a token that signs nothing.
    signer: Arc<OnceLock<Signer>>,
}

impl Connector {
    /// Says who signs; the first one does.
    pub fn signed_by(&self, signer: Signer) {
        let _ = self.signer.set(signer);
    }
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let inner = ReqwestConnector::default().connect(options)?;
        Ok(HttpClient::new(Service { inner, signer: Arc::clone(&self.signer) }))
    }
}

#[derive(Debug)]
struct Service {
    inner: HttpClient,
    signer: Arc<OnceLock<Signer>>,
}

#[async_trait]
impl HttpService for Service {
    async fn call(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let redirect = request.extensions_mut().remove::<RedirectTo>();
        let md5 = request.extensions_mut().remove::<BodyMd5>();
        let added = [
            ("x-amz-website-redirect-location", redirect.map(|redirect| redirect.0)),
            ("content-md5", md5.map(|md5| md5.0)),
        ];
        let mut signed = true;
        for (name, value) in added {
            if let Some(value) = value {
                let value = HeaderValue::from_str(&value).map_err(|error| unsendable(&error))?;
                request.headers_mut().insert(name, value);
                signed = false;
            }
        }
        if !signed && let Some(signer) = self.signer.get() {
            signer.sign(&mut request).await.map_err(|error| unsendable(&error))?;
        }
        self.inner.execute(request).await
    }
}

fn unsendable(error: &dyn std::error::Error) -> HttpError {
    HttpError::new(HttpErrorKind::Request, std::io::Error::other(error.to_string()))
}

impl Signer {
    async fn sign(&self, request: &mut HttpRequest) -> object_store::Result<()> {
        match self {
            Self::Amazon(credentials, region) => {
                let credential = credentials.get_credential().await?;
                // The digest of the body was worked out for the first signature.
                let digest = request.headers().get("x-amz-content-sha256").and_then(|value| value.to_str().ok());
                let digest = digest.and_then(from_hex);
                sign_for_amazon(request, &credential, "s3", region, digest.as_deref())
            }
            Self::Azure(credentials, account) => {
                let credential = credentials.get_credential().await?;
                // A token in the address or a header signs nothing that was added.
                if !matches!(*credential, AzureCredential::AccessKey(_)) {
                    return Ok(());
                }
                request.headers_mut().remove("authorization");
                AzureAuthorizer::new(&credential, account).try_authorize(request)
            }
        }
    }
}

/// Signs a request to an interface of Amazon's. `digest` is the SHA-256 of the body, where it is
/// known; a body of several parts that has none goes unsigned.
pub fn sign_for_amazon(
    request: &mut HttpRequest,
    credential: &AwsCredential,
    service: &str,
    region: &str,
    digest: Option<&[u8]>,
) -> object_store::Result<()> {
    let known = digest.is_some() || request.body().as_bytes().is_some();
    AwsAuthorizer::new(credential, service, region).with_sign_payload(known).try_authorize(request, digest)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 1321, appendix A.5.
    #[test]
    fn the_md5_of_a_body_is_that_of_the_standard() {
        let payload = PutPayload::from_static(b"message digest");
        assert_eq!(BodyMd5::of(&payload).0, "+WtpfXy3k41SWi8xqvFh0A==");
        assert_eq!(from_hex("00ff"), Some(vec![0, 255]));
        assert_eq!(from_hex("UNSIGNED-PAYLOAD"), None);
    }
}
