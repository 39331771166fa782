//! A throw-away certificate authority and a server certificate for tests of TLS.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

use crate::account::ServerAccount;

/// Names and addresses that the server certificate is valid for.
const SERVER_NAMES: [&str; 2] = ["localhost", "127.0.0.1"];

/// The files of one server's TLS identity.
#[derive(Debug, Clone)]
pub(crate) struct ServerCertificate {
    pub(crate) authority: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl ServerCertificate {
    /// Writes `ca.crt`, `server.crt` and `server.key` into `folder`; the key is readable by the server's account only.
    pub(crate) fn write(folder: &Path, account: &ServerAccount) -> Result<Self> {
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.distinguished_name.push(DnType::CommonName, "Whimbrel test authority");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages =
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        let authority_key = KeyPair::generate()?;
        let authority_certificate = authority.self_signed(&authority_key)?;
        let issuer = Issuer::new(authority, authority_key);

        let mut server = CertificateParams::new(SERVER_NAMES.map(String::from))?;
        server.distinguished_name.push(DnType::CommonName, "localhost");
        let server_key = KeyPair::generate()?;
        let server_certificate = server.signed_by(&server_key, &issuer)?;

        let files = Self {
            authority: folder.join("ca.crt"),
            certificate: folder.join("server.crt"),
            key: folder.join("server.key"),
        };
        for (path, text) in [
            (&files.authority, authority_certificate.pem()),
            (&files.certificate, server_certificate.pem()),
            (&files.key, server_key.serialize_pem()),
        ] {
            fs::write(path, text).with_context(|| format!("write {}", path.display()))?;
            fs::set_permissions(path, fs::Permissions::from_mode(0o600))
                .with_context(|| format!("protect {}", path.display()))?;
            account.give(path)?;
        }
        Ok(files)
    }
}
