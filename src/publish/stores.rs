//! Opening the object store that a target names. Credentials come from the environment. Knows
//! nothing of what is stored.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, Checksum};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::{ClientOptions, ObjectStore, RetryConfig};

use super::answers::Where;
use super::failure::{Failure, without_secrets};
use super::remote::{Patience, Remote};
use super::wire::{Connector, Signer};
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
    let opened = match scheme {
        "s3" => amazon(target, bucket),
        "gs" => google(target, bucket),
        "az" => azure(target, bucket),
        _ => return Err(Failure::Usage(format!("`{address}` is no address of a target"))),
    };
    let store = opened.map_err(|error| {
        Failure::Usage(format!("{address} cannot be opened: {}", without_secrets(&error.to_string())))
    })?;
    let tags = target.purge.as_ref().filter(|purge| purge.tags).map(|purge| purge.tag_field.clone());
    let place = Where { address: address.clone(), endpoint: target.endpoint.clone() };
    let remote = Remote::new(store, prefix, Patience::default(), tags).at(place);
    // Of the three only Amazon's client sends a checksum by itself.
    Ok(if scheme == "s3" { remote } else { remote.with_md5() })
}

fn amazon(target: &Target, bucket: &str) -> object_store::Result<Arc<dyn ObjectStore>> {
    let connector = Connector::default();
    let mut builder = AmazonS3Builder::from_env()
        .with_client_options(client(target))
        .with_http_connector(connector.clone())
        .with_bucket_name(bucket)
        .with_retry(once())
        .with_checksum_algorithm(Checksum::SHA256);
    if let Some(endpoint) = &target.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(region) = &target.region {
        builder = builder.with_region(region);
    }
    let region = builder.get_config_value(&AmazonS3ConfigKey::Region).unwrap_or_else(|| "us-east-1".to_owned());
    let store = builder.build()?;
    connector.signed_by(Signer::Amazon(Arc::clone(store.credentials()), region));
    Ok(Arc::new(store))
}

fn google(target: &Target, bucket: &str) -> object_store::Result<Arc<dyn ObjectStore>> {
    let mut builder = GoogleCloudStorageBuilder::from_env()
        .with_client_options(client(target))
        .with_http_connector(Connector::default())
        .with_bucket_name(bucket)
        .with_retry(once());
    if let Some(endpoint) = &target.endpoint {
        builder = builder.with_base_url(endpoint);
    }
    Ok(Arc::new(builder.build()?))
}

fn azure(target: &Target, bucket: &str) -> object_store::Result<Arc<dyn ObjectStore>> {
    let connector = Connector::default();
    let mut builder = MicrosoftAzureBuilder::from_env()
        .with_client_options(client(target))
        .with_http_connector(connector.clone())
        .with_container_name(bucket)
        .with_retry(once());
    if let Some(endpoint) = &target.endpoint {
        builder = builder.with_endpoint(endpoint.clone());
    }
    let account = builder.get_config_value(&AzureConfigKey::AccountName);
    let store = builder.build()?;
    // The name that Microsoft's emulator goes by where none is given.
    let account = account.unwrap_or_else(|| "devstoreaccount1".to_owned());
    connector.signed_by(Signer::Azure(Arc::clone(store.credentials()), account));
    Ok(Arc::new(store))
}

fn client(target: &Target) -> ClientOptions {
    let plain = target.endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
    ClientOptions::new()
        .with_allow_http(plain)
        .with_timeout(Patience::default().request)
        .with_connect_timeout(Duration::from_secs(10))
}

/// We try again ourselves, since only we know which request may be repeated.
fn once() -> RetryConfig {
    RetryConfig { max_retries: 0, ..RetryConfig::default() }
}
