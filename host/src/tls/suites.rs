//! Versions and suites by the names that OpenSSL and IANA have for them.

use super::{TlsError, TlsSettings};
use rustls::crypto::{CryptoProvider, ring};
use rustls::{CipherSuite, SupportedCipherSuite, SupportedProtocolVersion};

/// Suites of version 1.2: the number, and OpenSSL's name. IANA's is the number's.
const SUITES_12: [(CipherSuite, &str); 6] = [
    (CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, "ECDHE-ECDSA-AES256-GCM-SHA384"),
    (CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "ECDHE-ECDSA-AES128-GCM-SHA256"),
    (CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-ECDSA-CHACHA20-POLY1305"),
    (CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, "ECDHE-RSA-AES256-GCM-SHA384"),
    (CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "ECDHE-RSA-AES128-GCM-SHA256"),
    (CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-RSA-CHACHA20-POLY1305"),
];

/// Suites of version 1.3, which have one name.
const SUITES_13: [(CipherSuite, &str); 3] = [
    (CipherSuite::TLS13_AES_256_GCM_SHA384, "TLS_AES_256_GCM_SHA384"),
    (CipherSuite::TLS13_AES_128_GCM_SHA256, "TLS_AES_128_GCM_SHA256"),
    (CipherSuite::TLS13_CHACHA20_POLY1305_SHA256, "TLS_CHACHA20_POLY1305_SHA256"),
];

/// Words of OpenSSL's lists that stand for all suites there are here.
const ALL: [&str; 5] = ["DEFAULT", "ALL", "HIGH", "ECDHE", "EECDH"];
/// Words for suites that do not exist here, so that to leave them out is nothing to do.
const ABSENT: [&str; 21] = [
    "MEDIUM", "LOW", "aNULL", "eNULL", "NULL", "EXPORT", "EXP", "MD5", "SHA1", "SHA", "RC4", "DES", "3DES",
    "DSS", "PSK", "SRP", "ADH", "kRSA", "CAMELLIA", "SEED", "IDEA",
];

/// What encrypts, with the suites that the settings leave.
pub(super) fn provider(settings: &TlsSettings) -> Result<CryptoProvider, TlsError> {
    let mut provider = ring::default_provider();
    let of_12 = choose("tls-ciphers", &settings.ciphers)?;
    let of_13 = choose("tls-ciphersuites", &settings.ciphersuites)?;
    let known = std::mem::take(&mut provider.cipher_suites);
    let find = |suite: &CipherSuite| known.iter().copied().find(|known| known.suite() == *suite);
    provider.cipher_suites =
        of_13.iter().chain(&of_12).filter_map(find).collect::<Vec<SupportedCipherSuite>>();
    Ok(provider)
}

/// The versions that the setting names.
pub(super) fn versions(settings: &TlsSettings) -> Result<Vec<&'static SupportedProtocolVersion>, TlsError> {
    let mut versions = Vec::new();
    for word in settings.protocols.split_ascii_whitespace() {
        versions.push(match word.to_ascii_lowercase().as_str() {
            "tlsv1.2" => &rustls::version::TLS12,
            "tlsv1.3" => &rustls::version::TLS13,
            _ => return Err(TlsError::Protocol(word.to_owned())),
        });
    }
    Ok(if versions.is_empty() { rustls::ALL_VERSIONS.to_vec() } else { versions })
}

/// The names of the suites that a setting is about.
pub(super) fn names(setting: &str) -> Vec<&'static str> {
    table(setting).iter().map(|(_, name)| *name).collect()
}

fn table(setting: &str) -> &'static [(CipherSuite, &'static str)] {
    if setting == "tls-ciphers" { &SUITES_12 } else { &SUITES_13 }
}

/// The suites of a list, in its order; all when it is empty.
fn choose(setting: &'static str, list: &str) -> Result<Vec<CipherSuite>, TlsError> {
    let table = table(setting);
    let all = || table.iter().map(|(suite, _)| *suite);
    if list.trim().is_empty() {
        return Ok(all().collect());
    }
    let find = |word: &str| {
        let is_named = |(suite, name): &&(CipherSuite, &str)| {
            name.eq_ignore_ascii_case(word)
                || suite.as_str().is_some_and(|iana| iana.eq_ignore_ascii_case(word))
        };
        table.iter().find(is_named).map(|(suite, _)| *suite)
    };
    let mut chosen = Vec::new();
    for word in list.split([':', ',', ' ']).filter(|word| !word.is_empty()) {
        let unwanted = word.strip_prefix(['!', '-']);
        match (unwanted, find(unwanted.unwrap_or(word))) {
            (Some(_), Some(suite)) => chosen.retain(|other| *other != suite),
            (Some(name), None) if ABSENT.contains(&name) => {}
            (None, Some(suite)) if !chosen.contains(&suite) => chosen.push(suite),
            (None, Some(_)) => {}
            (None, None) if ALL.contains(&word) => {
                let more: Vec<_> = all().filter(|suite| !chosen.contains(suite)).collect();
                chosen.extend(more);
            }
            _ => return Err(TlsError::Suite { setting, name: word.to_owned() }),
        }
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(setting: &'static str, list: &str) -> Result<Vec<&'static str>, String> {
        let name_of = |suite: CipherSuite| {
            table(setting).iter().find(|(other, _)| *other == suite).expect("it is from the table").1
        };
        choose(setting, list)
            .map(|suites| suites.into_iter().map(name_of).collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn suites_have_the_names_of_openssl_and_iana() {
        for (list, expected) in [
            ("ECDHE-RSA-AES128-GCM-SHA256", &["ECDHE-RSA-AES128-GCM-SHA256"][..]),
            (
                "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256:ECDHE-ECDSA-AES256-GCM-SHA384,ECDHE-RSA-AES128-GCM-SHA256",
                &["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"],
            ),
            ("", &names("tls-ciphers")),
            ("DEFAULT:!MEDIUM", &names("tls-ciphers")),
            ("HIGH:!aNULL:!MD5", &names("tls-ciphers")),
            (
                "ECDHE-RSA-CHACHA20-POLY1305:ALL:!ECDHE-RSA-AES256-GCM-SHA384:-ECDHE-ECDSA-AES256-GCM-SHA384",
                &[
                    "ECDHE-RSA-CHACHA20-POLY1305",
                    "ECDHE-ECDSA-AES128-GCM-SHA256",
                    "ECDHE-ECDSA-CHACHA20-POLY1305",
                    "ECDHE-RSA-AES128-GCM-SHA256",
                ],
            ),
        ] {
            assert_eq!(chosen("tls-ciphers", list).as_deref(), Ok(expected), "{list}");
        }
        assert_eq!(
            chosen("tls-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256").as_deref(),
            Ok(&["TLS_CHACHA20_POLY1305_SHA256"][..])
        );
        // Those of one version are none of the other's.
        for (setting, list, name) in [
            ("tls-ciphersuites", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"),
            ("tls-ciphers", "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"),
            ("tls-ciphers", "AES128-SHA", "AES128-SHA"),
            ("tls-ciphers", "ALL:@SECLEVEL=2", "@SECLEVEL=2"),
            ("tls-ciphers", "!ECDHE", "!ECDHE"),
        ] {
            let error = chosen(setting, list).unwrap_err();
            assert!(error.starts_with(&format!("{setting}: {name} is not among")), "{error}");
        }
    }

    #[test]
    fn every_suite_is_one_that_there_is() {
        let provider = provider(&TlsSettings::default()).unwrap();
        assert_eq!(provider.cipher_suites.len(), SUITES_12.len() + SUITES_13.len());
        assert_eq!(provider.cipher_suites.len(), ring::default_provider().cipher_suites.len());
    }

    #[test]
    fn old_versions_are_refused_by_name() {
        let of = |protocols: &str| {
            let settings = TlsSettings { protocols: protocols.to_owned(), ..TlsSettings::default() };
            versions(&settings).map(|versions| versions.len()).map_err(|error| error.to_string())
        };
        assert_eq!((of(""), of("TLSv1.2 tlsv1.3"), of("TLSv1.3")), (Ok(2), Ok(2), Ok(1)));
        assert_eq!(
            of("TLSv1.1 TLSv1.2").unwrap_err(),
            "tls-protocols: TLSv1.1 is not spoken, only TLSv1.2 and TLSv1.3 are"
        );
    }
}
