//! Who may ask: by token, and by what browsers tell of the page that a request comes from.

use super::refusal::Refusal;
use super::request::decoded;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, ORIGIN};
use hyper::{StatusCode, Uri};
use subtle::ConstantTimeEq;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Any.
const ALL: &str = "*";

/// What is let in.
#[derive(Clone, Debug, Default)]
pub(super) struct Admission {
    /// What requests bring that come from nobody in particular.
    pub(super) token: Option<String>,
    /// In lower case.
    pub(super) hosts: Vec<String>,
    pub(super) cors_origins: Vec<String>,
}

/// Name and password.
pub(super) type User = (Vec<u8>, Vec<u8>);

/// What a request brings to be let in.
pub(super) enum Given {
    /// The token, or name and password as one.
    Bearer(Vec<u8>),
    /// Name and password.
    Basic(Vec<u8>),
}

impl Admission {
    /// Refuses what pages of others make a browser send. They cannot know the token, but a page whose name suddenly leads
    /// to this machine is of no other origin, and what a page may send without being asked needs no answer to do harm.
    pub(super) fn check_origin(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Refusal> {
        let host = self.check_host(headers, uri)?;
        if self.allowed_origin(headers).is_some() {
            return Ok(());
        }
        let is_foreign = headers.get(ORIGIN).is_some_and(|origin| {
            let authority = origin.to_str().ok().and_then(authority_of);
            authority.is_none_or(|authority| authority != without_default_port(&host))
        });
        let is_cross_site = headers.get(SEC_FETCH_SITE).is_some_and(|site| site == "cross-site");
        if is_foreign || is_cross_site {
            return Err(Refusal::new(StatusCode::FORBIDDEN, "ERR this origin is not allowed"));
        }
        Ok(())
    }

    /// The name that a request has for this server, if it is one of those that it is served by.
    pub(super) fn check_host(&self, headers: &HeaderMap, uri: &Uri) -> Result<String, Refusal> {
        let host = self.host_of(headers)?;
        // An address as proxies get it names one as well, and counts for more by the standard.
        if uri.authority().is_some_and(|other| !host.eq_ignore_ascii_case(other.as_str())) {
            return Err(Refusal::bad("ERR the request has two hosts"));
        }
        let is_known =
            self.hosts.iter().any(|known| known == ALL || *known == host || *known == name_of(&host));
        if is_known {
            Ok(host)
        } else {
            Err(Refusal::new(StatusCode::FORBIDDEN, "ERR this host is not served"))
        }
    }

    /// The origin of a request, if its pages may ask.
    pub(super) fn allowed_origin<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let origin = headers.get(ORIGIN)?.to_str().ok()?;
        self.cors_origins.iter().any(|allowed| allowed == ALL || allowed == origin).then_some(origin)
    }

    fn host_of(&self, headers: &HeaderMap) -> Result<String, Refusal> {
        let mut hosts = headers.get_all(HOST).iter();
        let host = hosts.next().and_then(|host| host.to_str().ok()).filter(|_| hosts.next().is_none());
        let is_one = |host: &&str| !host.is_empty() && !host.contains(['/', '?', '#', '@', '\\', ' ']);
        let host = host.filter(is_one).ok_or_else(|| Refusal::bad("ERR the request has no host"))?;
        Ok(host.to_ascii_lowercase())
    }

    /// Whose request it is: a user's, or nobody's in particular if it has the token.
    pub(super) fn user_of(&self, headers: &HeaderMap, uri: &Uri) -> Result<Option<User>, Refusal> {
        self.user_by(given_in(headers, uri)?.ok_or_else(Refusal::unknown)?)
    }

    /// Who is told by what a request brings.
    pub(super) fn user_by(&self, given: Given) -> Result<Option<User>, Refusal> {
        let pair = match given {
            Given::Bearer(given) => {
                let is_token = |token: &String| bool::from(token.as_bytes().ct_eq(&given));
                if self.token.as_ref().is_some_and(is_token) {
                    return Ok(None);
                }
                given
            }
            Given::Basic(given) => given,
        };
        let pair = from_base64(&pair).ok_or_else(Refusal::unknown)?;
        let colon = pair.iter().position(|&byte| byte == b':').ok_or_else(Refusal::unknown)?;
        Ok(Some((pair[..colon].to_vec(), pair[colon + 1..].to_vec())))
    }
}

/// What a request has to be let in by, if anything: in a header, or in its address.
pub(super) fn given_in(headers: &HeaderMap, uri: &Uri) -> Result<Option<Given>, Refusal> {
    let Some(header) = headers.get(AUTHORIZATION) else { return Ok(token_in(uri)?.map(Given::Bearer)) };
    let text = header.to_str().map_err(|_| Refusal::unknown())?.trim();
    let (scheme, given) = text.split_once(' ').ok_or_else(Refusal::unknown)?;
    let given = given.trim().as_bytes().to_vec();
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Ok(Some(Given::Bearer(given))),
        "basic" => Ok(Some(Given::Basic(given))),
        _ => Err(Refusal::unknown()),
    }
}

fn token_in(uri: &Uri) -> Result<Option<Vec<u8>>, Refusal> {
    let query = uri.query().unwrap_or_default();
    query.split('&').find_map(|pair| pair.strip_prefix("_token=")).map(decoded).transpose()
}

/// Tokens in addresses are often written with the two characters that need no escape there.
fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    let usual = |byte: &u8| match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => *other,
    };
    STANDARD.decode(text.iter().map(usual).collect::<Vec<u8>>()).ok()
}

/// A host without its port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// The host of an origin, with its port where that is not the usual one; nothing for `null` and the like.
fn authority_of(origin: &str) -> Option<String> {
    let (scheme, authority) = origin.split_once("://")?;
    let authority = authority.to_ascii_lowercase();
    let usual = if scheme == "https" { ":443" } else { ":80" };
    (!authority.is_empty()).then(|| authority.strip_suffix(usual).unwrap_or(&authority).to_owned())
}

fn without_default_port(host: &str) -> &str {
    host.strip_suffix(":80").or_else(|| host.strip_suffix(":443")).unwrap_or(host)
}
