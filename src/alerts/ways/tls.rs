//! TLS towards servers of the operator's choice, with the certificates the machine trusts.

use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use super::aside::aside;

/// Encrypts `stream` towards `host`, whose certificate must be good for that name.
///
/// The machine's certificates are read each time (`SSL_CERT_FILE` and `SSL_CERT_DIR` name others): what an
/// operator adds counts from the next connection on.
///
/// # Errors
/// Why it can't be, in one line.
pub async fn encrypt(stream: TcpStream, host: &str) -> Result<TlsStream<TcpStream>, String> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| "the host's name is not one for TLS")?;
    let connector = TlsConnector::from(Arc::new(aside(client).await??));
    connector.connect(name, stream).await.map_err(|error| format!("TLS: {error}"))
}

fn client() -> Result<ClientConfig, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map(|error| format!(": {error}")).unwrap_or_default();
        return Err(format!("the machine trusts no certificate at all (see SSL_CERT_FILE){why}"));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS: {error}"))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
