//! TLS with rustls: the driver's connector, and whom it trusts in each of libpq's modes.

use std::error::Error as StdError;
use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore, SignatureScheme,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;
use whimbrel_engine::{EngineError, Result};

use crate::options::SslMode;
use crate::url::Ssl;

mod channel_binding;

/// Makes encrypted streams, and remembers whether it made one.
#[derive(Clone)]
pub(crate) struct Connector {
    config: Arc<ClientConfig>,
    checks_name: bool,
    encrypted: Arc<AtomicBool>,
}

impl Connector {
    /// A connector for the mode.
    ///
    /// # Errors
    /// [`EngineError::Setting`] where a certificate file cannot be used.
    pub(crate) fn new(ssl: &Ssl) -> Result<Self> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = Arc::new(Verifier::new(ssl, &provider)?);
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| setting("sslmode", error))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let config = match client_identity(ssl)? {
            Some((chain, key)) => {
                builder.with_client_auth_cert(chain, key).map_err(|error| setting("sslcert", error))?
            }
            None => builder.with_no_client_auth(),
        };
        Ok(Connector {
            config: Arc::new(config),
            checks_name: ssl.mode == SslMode::VerifyFull,
            encrypted: Arc::default(),
        })
    }

    /// Whether the last connection is encrypted.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.encrypted.load(Ordering::Relaxed)
    }
}

impl<S> MakeTlsConnect<S> for Connector
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Encrypted<S>;
    type TlsConnect = Handshake;
    type Error = Box<dyn StdError + Send + Sync>;

    fn make_tls_connect(&mut self, domain: &str) -> std::result::Result<Handshake, Self::Error> {
        self.encrypted.store(false, Ordering::Relaxed);
        // Sockets ask for a handshake too, though they never come to one.
        let name = match ServerName::try_from(domain.to_owned()) {
            Err(error) if self.checks_name && !domain.is_empty() => return Err(error.into()),
            Err(_) => ServerName::try_from("unnamed.invalid")?,
            Ok(name) => name,
        };
        Ok(Handshake {
            connector: TlsConnector::from(Arc::clone(&self.config)),
            name,
            encrypted: Arc::clone(&self.encrypted),
        })
    }
}

/// One handshake to come.
pub(crate) struct Handshake {
    connector: TlsConnector,
    name: ServerName<'static>,
    encrypted: Arc<AtomicBool>,
}

impl<S> TlsConnect<S> for Handshake
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Encrypted<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let stream = self.connector.connect(self.name, stream).await?;
            self.encrypted.store(true, Ordering::Relaxed);
            Ok(Encrypted(stream))
        })
    }
}

/// An encrypted stream.
pub(crate) struct Encrypted<S>(tokio_rustls::client::TlsStream<S>);

impl<S> TlsStream for Encrypted<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    fn channel_binding(&self) -> ChannelBinding {
        let (_, session) = self.0.get_ref();
        session
            .peer_certificates()
            .and_then(|chain| chain.first())
            .and_then(|certificate| channel_binding::certificate_hash(certificate))
            .map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Encrypted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Encrypted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// Whom a connection trusts.
#[derive(Debug)]
struct Verifier {
    /// None where any certificate will do.
    chain: Option<Arc<WebPkiServerVerifier>>,
    /// Certificates that are trusted as they are, if the server shows one of them itself.
    pinned: Vec<CertificateDer<'static>>,
    checks_name: bool,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    fn new(ssl: &Ssl, provider: &Arc<CryptoProvider>) -> Result<Self> {
        // As in libpq: `require` verifies the chain where a root certificate is given.
        let verifies = match ssl.mode {
            SslMode::Disable | SslMode::Prefer => false,
            SslMode::Require => ssl.root_cert.is_some(),
            SslMode::VerifyCa | SslMode::VerifyFull => true,
        };
        let (chain, pinned) = if verifies { trusted(ssl, provider)? } else { (None, Vec::new()) };
        Ok(Verifier {
            chain,
            pinned,
            checks_name: ssl.mode == SslMode::VerifyFull,
            provider: Arc::clone(provider),
        })
    }

    fn is_pinned_authority(&self, certificate: &CertificateDer<'_>, error: &TlsError) -> bool {
        // A certificate that is its own authority and a server at once is what `openssl req -x509` makes.
        let TlsError::InvalidCertificate(CertificateError::Other(reason)) = error else { return false };
        reason.to_string().contains("CaUsedAsEndEntity")
            && self.pinned.iter().any(|pinned| pinned.as_ref() == certificate.as_ref())
    }
}

type Trusted = (Option<Arc<WebPkiServerVerifier>>, Vec<CertificateDer<'static>>);

fn trusted(ssl: &Ssl, provider: &Arc<CryptoProvider>) -> Result<Trusted> {
    let mut roots = RootCertStore::empty();
    let mut pinned = Vec::new();
    match ssl.root_cert.as_deref() {
        Some(path) if path != Path::new("system") => {
            pinned = certificates(path, "sslrootcert")?;
            for certificate in &pinned {
                roots.add(certificate.clone()).map_err(|error| setting("sslrootcert", error))?;
            }
        }
        _ => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| setting("sslrootcert", error))?;
    Ok((Some(verifier), pinned))
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, TlsError> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        let verdict = chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verdict {
            // The name is compared after the chain has been found good.
            Err(TlsError::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.checks_name => Ok(ServerCertVerified::assertion()),
            Err(error) if self.is_pinned_authority(end_entity, &error) => {
                if self.checks_name {
                    let certificate = ParsedCertificate::try_from(end_entity)?;
                    rustls::client::verify_server_name(&certificate, server_name)?;
                }
                Ok(ServerCertVerified::assertion())
            }
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn client_identity(ssl: &Ssl) -> Result<Option<Identity>> {
    match (&ssl.cert, &ssl.key) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(setting("sslkey", "`sslcert` is given without it")),
        (None, Some(_)) => Err(setting("sslcert", "`sslkey` is given without it")),
        (Some(cert), Some(key)) => {
            let chain = certificates(cert, "sslcert")?;
            let key = PrivateKeyDer::from_pem_file(key)
                .map_err(|error| setting("sslkey", format!("{}: {error}", key.display())))?;
            Ok(Some((chain, key)))
        }
    }
}

fn certificates(path: &Path, name: &str) -> Result<Vec<CertificateDer<'static>>> {
    let unusable = |error: &dyn std::fmt::Display| setting(name, format!("{}: {error}", path.display()));
    let found: Vec<_> =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(|error| unusable(&error))?;
    if found.is_empty() { Err(unusable(&"it holds no certificate")) } else { Ok(found) }
}

fn setting(name: &str, reason: impl std::fmt::Display) -> EngineError {
    EngineError::Setting { setting: name.to_owned(), reason: reason.to_string() }
}
