//! The hash of the server's certificate that binds a SCRAM exchange to its TLS channel (RFC 5929, section 4.1).

use sha2::{Digest, Sha256, Sha384, Sha512};

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
/// `1.2.840.113549.1.1`: RSA signatures.
const RSA: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
/// `1.2.840.10045.4.3`: ECDSA with SHA-2.
const ECDSA: [u8; 7] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];

/// The certificate's hash by its own signature's hash function, SHA-256 in place of weaker ones; none where
/// the signature names no such function.
pub(super) fn certificate_hash(certificate: &[u8]) -> Option<Vec<u8>> {
    let algorithm = signature_algorithm(certificate)?;
    Some(match hash_bits(algorithm)? {
        256 => Sha256::digest(certificate).to_vec(),
        384 => Sha384::digest(certificate).to_vec(),
        _ => Sha512::digest(certificate).to_vec(),
    })
}

fn hash_bits(algorithm: &[u8]) -> Option<u16> {
    if let Some(rest) = algorithm.strip_prefix(&RSA) {
        return match rest {
            // MD5, SHA-1 and SHA-256.
            [4 | 5 | 11] => Some(256),
            [12] => Some(384),
            [13] => Some(512),
            _ => None,
        };
    }
    match algorithm.strip_prefix(&ECDSA)? {
        [2] => Some(256),
        [3] => Some(384),
        [4] => Some(512),
        _ => None,
    }
}

/// Certificate ::= SEQUENCE { tbsCertificate SEQUENCE, signatureAlgorithm SEQUENCE { OBJECT IDENTIFIER … } … }
fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    let (fields, _) = value(certificate, SEQUENCE)?;
    let (_, after_signed) = value(fields, SEQUENCE)?;
    let (algorithm, _) = value(after_signed, SEQUENCE)?;
    value(algorithm, OBJECT_IDENTIFIER).map(|(identifier, _)| identifier)
}

/// The content of the DER value at the start, which must have this tag, and what follows it.
fn value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let [first, length, rest @ ..] = der else { return None };
    if *first != tag {
        return None;
    }
    let (length, rest) = if *length < 0x80 {
        (usize::from(*length), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
        if bytes.len() > 4 {
            return None;
        }
        (bytes.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte)), rest)
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(algorithm: &[u8]) -> Vec<u8> {
        let sequence = |content: &[u8]| [&[SEQUENCE, u8::try_from(content.len()).unwrap()], content].concat();
        let identifier = [&[OBJECT_IDENTIFIER, u8::try_from(algorithm.len()).unwrap()], algorithm].concat();
        sequence(&[sequence(&[1, 2, 3]), sequence(&identifier)].concat())
    }

    #[test]
    fn the_signature_decides_the_hash() {
        for (prefix, last, length) in [
            (RSA.as_slice(), 5, Some(32)),
            (RSA.as_slice(), 11, Some(32)),
            (RSA.as_slice(), 12, Some(48)),
            (RSA.as_slice(), 13, Some(64)),
            // RSA-PSS says it in its parameters.
            (RSA.as_slice(), 10, None),
            (ECDSA.as_slice(), 2, Some(32)),
            (ECDSA.as_slice(), 4, Some(64)),
        ] {
            let der = certificate(&[prefix, &[last]].concat());
            assert_eq!(certificate_hash(&der).map(|hash| hash.len()), length, "{last}");
        }
        assert_eq!(certificate_hash(&[SEQUENCE, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(certificate_hash(&[]), None);
    }
}
