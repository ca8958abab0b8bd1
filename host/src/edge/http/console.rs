//! The console: files that are part of the program. They hold nothing of anyone's, and so need no token; what they ask
//! for then does.

use super::guard::Admission;
use super::refusal::Refusal;
use super::rest::{Answer, Content};
use hyper::body::Incoming;
use hyper::header::{
    ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, HeaderMap, HeaderValue,
    IF_NONE_MATCH, LOCATION, REFERRER_POLICY, UPGRADE,
};
use hyper::{Method, Request, StatusCode};

/// Where the console is.
pub(super) const PATH: &str = "/console/";
const METHODS: &str = "GET, HEAD";
/// Scripts, styles and connections of its own and no other. The last of them covers WebSocket to the same host.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Bytes at the end of gzip: a checksum of what is in it, and how long that is.
const TRAILER_BYTES: usize = 8;

/// A file of the console, which `www/console.mjs` has built and compressed.
struct File {
    name: &'static str,
    kind: &'static str,
    gzip: &'static [u8],
}

const FILES: [File; 4] = [
    File { name: "", kind: "text/html; charset=utf-8", gzip: include_bytes!("console/index.html.gz") },
    File {
        name: "console.js",
        kind: "text/javascript; charset=utf-8",
        gzip: include_bytes!("console/console.js.gz"),
    },
    File {
        name: "console.css",
        kind: "text/css; charset=utf-8",
        gzip: include_bytes!("console/console.css.gz"),
    },
    File { name: "icon.svg", kind: "image/svg+xml", gzip: include_bytes!("console/icon.svg.gz") },
];

/// Whether a path is the console's.
pub(super) fn is_of(path: &str) -> bool {
    path.starts_with(PATH) || path == PATH.trim_end_matches('/')
}

/// Whether somebody looks at the root with a browser.
pub(super) fn is_wanted(request: &Request<Incoming>) -> bool {
    let accepts = |accept: &HeaderValue| accept.to_str().is_ok_and(|kinds| kinds.contains("text/html"));
    request.uri().path() == "/"
        && request.method() == Method::GET
        && !request.headers().contains_key(UPGRADE)
        && request.headers().get(ACCEPT).is_some_and(accepts)
}

/// Leads a browser there.
pub(super) fn lead(headers: &mut HeaderMap) -> Answer {
    headers.insert(LOCATION, HeaderValue::from_static(PATH));
    (StatusCode::FOUND, Content::Whole(Vec::new()), FILES[0].kind)
}

/// Answers a request for a file of the console. The page may be opened from anywhere, as by a link, so where a request
/// comes from is not looked at, but which name it has for this server is.
pub(super) fn answer(
    admission: &Admission,
    request: &Request<Incoming>,
    headers: &mut HeaderMap,
) -> Result<Answer, Refusal> {
    admission.check_host(request.headers(), request.uri())?;
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let refusal =
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, format!("ERR the method is not one of {METHODS}"));
        return Err(Refusal { header: Some((ALLOW, METHODS)), ..refusal });
    }
    let Some(name) = request.uri().path().strip_prefix(PATH) else { return Ok(lead(headers)) };
    let file = FILES.iter().find(|file| file.name == name);
    let file = file.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "ERR the console has no such file"))?;
    Ok(send(file, request.headers(), headers))
}

/// The file, or that the browser has it already. It is asked for each time, since the next version has the same names.
fn send(file: &File, asked: &HeaderMap, headers: &mut HeaderMap) -> Answer {
    let tag = tag(file.gzip);
    let has_it = asked
        .get_all(IF_NONE_MATCH)
        .iter()
        .any(|tags| tags.to_str().is_ok_and(|tags| tags.split(", ").any(|known| known == tag)));
    headers.insert(ETAG, HeaderValue::from_str(&tag).expect("digits and quotes are a header"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if has_it {
        return (StatusCode::NOT_MODIFIED, Content::Whole(Vec::new()), file.kind);
    }
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    (StatusCode::OK, Content::Whole(file.gzip.to_vec()), file.kind)
}

/// Tells a file from others of its name.
fn tag(gzip: &[u8]) -> String {
    let trailer = gzip.len().saturating_sub(TRAILER_BYTES);
    format!("\"{}\"", super::hex(&gzip[trailer..]))
}
