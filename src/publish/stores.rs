//! Opening the object store that a target names. Credentials come from the environment. Knows
//! nothing of what is stored.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, Checksum};
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::{ClientOptions, ObjectStore, RetryConfig};

use super::failure::{Failure, without_secrets};
use super::remote::{Patience, Remote};
use crate::config::publish::Target;

/// Chooses the process's cryptography, before the first client is made; a second time finds it
/// chosen.
pub fn choose_cryptography() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The store of `target`.
pub fn open(target: &Target) -> Result<Remote, Failure> {
    choose_cryptography();
    let address = &target.to;
    let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let patience = Patience::default();
    // We try again ourselves, since only we know which request may be repeated.
    let once = RetryConfig { max_retries: 0, ..RetryConfig::default() };
    let plain = target.endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
    let client = ClientOptions::new()
        .with_allow_http(plain)
        .with_timeout(patience.request)
        .with_connect_timeout(Duration::from_secs(10));
    let opened: Result<Arc<dyn ObjectStore>, object_store::Error> = match scheme {
        "s3" => {
            let mut builder = AmazonS3Builder::from_env()
                .with_client_options(client)
                .with_bucket_name(bucket)
                .with_retry(once)
                .with_checksum_algorithm(Checksum::SHA256);
            if let Some(endpoint) = &target.endpoint {
                builder = builder.with_endpoint(endpoint);
            }
            if let Some(region) = &target.region {
                builder = builder.with_region(region);
            }
            builder.build().map(|store| Arc::new(store) as _)
        }
        "gs" => {
            let mut builder = GoogleCloudStorageBuilder::from_env()
                .with_client_options(client)
                .with_bucket_name(bucket)
                .with_retry(once);
            if let Some(endpoint) = &target.endpoint {
                builder = builder.with_base_url(endpoint);
            }
            builder.build().map(|store| Arc::new(store) as _)
        }
        "az" => {
            let mut builder = MicrosoftAzureBuilder::from_env()
                .with_client_options(client)
                .with_container_name(bucket)
                .with_retry(once);
            if let Some(endpoint) = &target.endpoint {
                builder = builder.with_endpoint(endpoint.clone());
            }
            builder.build().map(|store| Arc::new(store) as _)
        }
        _ => return Err(Failure::Usage(format!("`{address}` is no address of a target"))),
    };
    let store = opened.map_err(|error| {
        Failure::Usage(format!("{address} cannot be opened: {}", without_secrets(&error.to_string())))
    })?;
    let tags = target.purge.as_ref().filter(|purge| purge.tags).map(|purge| purge.tag_field.clone());
    Ok(Remote::new(store, prefix, patience, tags))
}
