//! Upstash's REST API: which request is answered how.

use super::conversation::{Caller, Conversation, Held};
use super::guard::{Admission, User};
use super::refusal::Refusal;
use super::reply::{Answers, push_item, push_string};
use super::request::{Commands, is_stream, read_command, read_commands, read_path};
use super::stream::Events;
use super::websocket::{self, Opening};
use super::{Http, Peer, Rules, console, metrics};
use crate::config::{HttpSettings, Metrics};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, ALLOW,
    CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    TRANSFER_ENCODING, VARY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Method, Request, Response, StatusCode};
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{Instant, timeout};

const SYNC_TOKEN: HeaderName = HeaderName::from_static("upstash-sync-token");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const ENCODING: HeaderName = HeaderName::from_static("upstash-encoding");
const FORMAT: HeaderName = HeaderName::from_static("upstash-response-format");
const DATABASE: HeaderName = HeaderName::from_static("sanderling-db");
/// For how long browsers may remember what is allowed, in seconds.
const PREFLIGHT_SECONDS: &str = "86400";
/// How long the engine may take to say that it is there.
const HEALTH_PATIENCE: Duration = Duration::from_secs(5);
/// How long the body of a request may take.
const BODY_PATIENCE: Duration = Duration::from_secs(120);
/// Bytes of a body that are read although it is too long.
const PASSED_OVER_BYTES_MAX: usize = 64 << 20;
const JSON: &str = "application/json";
const RAW: &str = "application/octet-stream";
const EVENTS: &str = "text/event-stream";

/// What a path leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Route {
    Root,
    Pipeline,
    MultiExec,
    Health,
    Metrics,
    Stream,
    WebSocket,
    Path,
    Console,
}

impl Route {
    fn of(path: &str, limits: &HttpSettings) -> Self {
        match path {
            "/" => Self::Root,
            "/pipeline" => Self::Pipeline,
            "/multi-exec" => Self::MultiExec,
            "/health" | "/healthz" | "/livez" | "/readyz" => Self::Health,
            path if is_stream(path) => Self::Stream,
            "/metrics" if limits.metrics != Metrics::Off => Self::Metrics,
            path if limits.has_console && console::is_of(path) => Self::Console,
            _ => Self::Path,
        }
    }

    /// What it is called where requests are counted.
    fn name(self) -> &'static str {
        match self {
            Self::Root => "/",
            Self::Pipeline => "/pipeline",
            Self::MultiExec => "/multi-exec",
            Self::Health => "/health",
            Self::Metrics => "/metrics",
            Self::Stream => "stream",
            Self::WebSocket => "websocket",
            Self::Console => "/console",
            Self::Path => "path",
        }
    }
}

/// A status, a content and its type.
pub(super) type Answer = (StatusCode, Content, &'static str);

/// What is sent: as a whole, or as it comes.
pub(super) enum Content {
    Whole(Vec<u8>),
    Events(Box<Events>),
}

/// The same as hyper takes it.
pub(super) type Sent = Either<Full<Bytes>, Box<Events>>;

/// How replies are to be sent.
#[derive(Clone, Copy)]
struct Form {
    is_base64: bool,
    is_raw: bool,
}

/// Answers a request, perhaps by what becomes of the connection then.
pub(super) async fn answer(
    http: &Http,
    peer: &Peer,
    request: Request<Incoming>,
    opening: &Mutex<Option<Opening>>,
) -> Response<Sent> {
    let mut headers = HeaderMap::new();
    let (began, rules) = (Instant::now(), http.rules());
    let is_head = request.method() == Method::HEAD;
    let route = if websocket::is_asked_for(&request) {
        Route::WebSocket
    } else {
        Route::of(request.uri().path(), &rules.limits)
    };
    // Who says the length twice, as chunks and as a number, may mean to smuggle a request behind this one. Of the two hyper
    // shows only the first, and clients of this API send no chunks.
    let is_last = request.headers().contains_key(TRANSFER_ENCODING);
    let answered = match rules.admission.check_origin(request.headers(), request.uri()) {
        _ if route == Route::Console => console::answer(&rules.admission, &request, &mut headers),
        Err(refusal) => Err(refusal),
        Ok(()) if rules.limits.has_console && console::is_wanted(&request) => Ok(console::lead(&mut headers)),
        Ok(()) if route == Route::WebSocket => match websocket::agree(http, &rules, peer, request).await {
            Ok((headers, agreed)) => {
                http.counts.count(route.name(), StatusCode::SWITCHING_PROTOCOLS, began.elapsed());
                *opening.lock().expect("no holder of the lock panics") = Some(agreed);
                return response(StatusCode::SWITCHING_PROTOCOLS, headers, Either::Left(Full::default()));
            }
            Err(refusal) => Err(refusal),
        },
        Ok(()) => {
            allow_origin(&rules.admission, request.headers(), &mut headers);
            if request.method() == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
                preflight(request.headers(), &mut headers);
                Ok((StatusCode::NO_CONTENT, Content::Whole(Vec::new()), JSON))
            } else {
                run(http, &rules, peer, route, request).await
            }
        }
    };
    let (status, content, kind) = answered.unwrap_or_else(|refusal| {
        if let Some((name, value)) = refusal.header {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let mut json = b"{\"error\":".to_vec();
        push_string(&mut json, refusal.message.as_bytes());
        json.push(b'}');
        (refusal.status, Content::Whole(json), JSON)
    });
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if is_last {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    } else {
        headers.insert(KEEP_ALIVE, rules.keep_alive.clone());
    }
    http.counts.count(route.name(), status, began.elapsed());
    // Clients take the token of the last answer with them, and no two may be alike.
    let number = http.answers.fetch_add(1, Ordering::Relaxed);
    if let Ok(token) = HeaderValue::from_str(&format!("{}-{number}", http.name)) {
        headers.insert(SYNC_TOKEN, token);
    }
    let sent = match content {
        Content::Events(events) => Either::Right(events),
        Content::Whole(bytes) if is_head => {
            headers.insert(CONTENT_LENGTH, bytes.len().into());
            Either::Left(Full::default())
        }
        Content::Whole(bytes) => Either::Left(Full::new(bytes.into())),
    };
    response(status, headers, sent)
}

fn response(status: StatusCode, headers: HeaderMap, sent: Sent) -> Response<Sent> {
    let mut response = Response::new(sent);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

async fn run(
    http: &Http,
    rules: &Rules,
    peer: &Peer,
    route: Route,
    request: Request<Incoming>,
) -> Result<Answer, Refusal> {
    check_method(route, request.method())?;
    check_coding(request.headers())?;
    if route == Route::Health {
        return Ok(health(http, peer).await);
    }
    let is_open = route == Route::Metrics && rules.limits.metrics == Metrics::Open;
    let user = match rules.admission.user_of(request.headers(), request.uri()) {
        Ok(user) => user,
        Err(_) if is_open => None,
        Err(refusal) => return Err(http.failed_login(peer, refusal).await),
    };
    let form = form_of(request.headers())?;
    let caller = caller(peer, user, request.headers().get(DATABASE).map(|value| value.as_bytes().to_vec()));
    let (parts, body) = request.into_parts();
    let mut held = Held::new(&http.held);
    let body = body_of(body, rules.limits.request_bytes_max, &mut held).await?;
    let patience = Duration::from_secs(rules.limits.block_seconds_max);
    let began = Conversation::begin(&http.exchange, &http.pool, caller, held, patience).await;
    let mut conversation = match began {
        Err(refusal) if refusal.status == StatusCode::UNAUTHORIZED => {
            return Err(http.failed_login(peer, refusal).await);
        }
        began => began?,
    };
    let answer = match route {
        Route::Pipeline => listed(conversation.run(&read_commands(&body)?).await?, form),
        Route::MultiExec => {
            // There is no other form of what has run in a transaction.
            let replies = conversation.run_together(read_commands(&body)?).await;
            if replies.as_ref().is_err_and(|refusal| refusal.status != StatusCode::BAD_REQUEST) {
                return Err(replies.expect_err("it was looked at just now"));
            }
            let answered = replies.map(|replies| listed(replies, Form { is_raw: false, ..form }));
            conversation.give_back(&http.pool);
            return answered;
        }
        Route::Metrics => {
            let (status, text, kind) = metrics::answer(http, &mut conversation).await?;
            (status, Content::Whole(text), kind)
        }
        Route::Stream => {
            let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
            // The query is about the stream, and a body says nothing.
            let listening = conversation.listen(&read_path(path, "", &[])?).await?;
            let is_json = query.split('&').any(|pair| pair == "format=json");
            let events = Events::new(listening, is_json);
            return Ok((StatusCode::OK, Content::Events(Box::new(events)), EVENTS));
        }
        _ => {
            let command = match route {
                Route::Root => read_command(&body)?,
                _ => read_path(parts.uri.path(), parts.uri.query().unwrap_or_default(), &body)?,
            };
            let replies = conversation.run(&command).await?;
            let reply = replies.get(0).expect("the command has a reply");
            single(conversation.status_of(reply), reply, form)
        }
    };
    conversation.give_back(&http.pool);
    Ok(answer)
}

fn caller<'a>(peer: &'a Peer, user: Option<User>, database: Option<Vec<u8>>) -> Caller<'a> {
    Caller { addr: &peer.addr, laddr: &peer.laddr, is_local: peer.is_local, user, database }
}

/// Whether clients are served, which anyone may ask.
async fn health(http: &Http, peer: &Peer) -> Answer {
    let asked = async {
        let (caller, held) = (caller(peer, None, None), Held::new(&http.held));
        let began = Conversation::begin(&http.exchange, &http.pool, caller, held, HEALTH_PATIENCE).await;
        let mut conversation = began.ok()?;
        let replies = conversation.run(&Commands::one(&["PING"])).await.ok()?;
        let reply = replies.get(0)?;
        let status = match conversation.status_of(reply) {
            StatusCode::SERVICE_UNAVAILABLE if reply.starts_with(b"-LOADING ") => "loading",
            StatusCode::SERVICE_UNAVAILABLE => "restarting",
            _ => "ok",
        };
        conversation.give_back(&http.pool);
        Some(status)
    };
    let status = timeout(HEALTH_PATIENCE, asked).await.map_or("stuck", |status| status.unwrap_or("stopping"));
    let code = if status == "ok" { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Content::Whole(format!("{{\"status\":\"{status}\"}}").into_bytes()), JSON)
}

fn single(status: StatusCode, reply: &[u8], form: Form) -> Answer {
    if form.is_raw {
        return (status, Content::Whole(reply.to_vec()), RAW);
    }
    let mut json = Vec::new();
    push_item(&mut json, reply, form.is_base64);
    (status, Content::Whole(json), JSON)
}

fn listed(replies: Answers, form: Form) -> Answer {
    if form.is_raw {
        return (StatusCode::OK, Content::Whole(replies.into_bytes()), RAW);
    }
    let mut json = b"[".to_vec();
    for (nth, reply) in replies.iter().enumerate() {
        if nth > 0 {
            json.push(b',');
        }
        push_item(&mut json, reply, form.is_base64);
    }
    json.push(b']');
    (StatusCode::OK, Content::Whole(json), JSON)
}

fn check_method(route: Route, method: &Method) -> Result<(), Refusal> {
    let methods = match route {
        Route::Root | Route::Pipeline | Route::MultiExec => "POST",
        Route::Health | Route::Metrics | Route::Console => "GET, HEAD",
        Route::WebSocket => "GET",
        Route::Stream => "GET, POST",
        Route::Path => "GET, HEAD, POST, PUT",
    };
    if methods.split(", ").any(|allowed| allowed == method.as_str()) {
        return Ok(());
    }
    let message = format!("ERR the method is not one of {methods}");
    Err(Refusal { header: Some((ALLOW, methods)), ..Refusal::new(StatusCode::METHOD_NOT_ALLOWED, message) })
}

/// What is compressed, say, would be taken for what it is not.
fn check_coding(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    if codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked")) {
        return Ok(());
    }
    Err(Refusal::new(StatusCode::NOT_IMPLEMENTED, "ERR the only transfer coding is chunked"))
}

fn form_of(headers: &HeaderMap) -> Result<Form, Refusal> {
    let is_base64 = headers.get(ENCODING).is_some_and(|encoding| encoding == "base64");
    let is_raw = match headers.get(FORMAT).map(HeaderValue::as_bytes) {
        None | Some(b"json") => false,
        Some(b"resp2") => true,
        Some(_) => return Err(Refusal::bad("ERR Upstash-Response-Format is json or resp2")),
    };
    if is_raw && is_base64 {
        return Err(Refusal::bad("ERR Upstash-Encoding is for Upstash-Response-Format: json alone"));
    }
    Ok(Form { is_base64, is_raw })
}

/// The body of a request, if it is not too long and comes in time. What is too long is passed over, up to a limit, since a
/// client that is cut off while it sends may never see the answer.
async fn body_of(mut body: Incoming, bytes_max: usize, held: &mut Held) -> Result<Vec<u8>, Refusal> {
    let receive = async {
        let (mut bytes, mut passed_over) = (Vec::new(), 0);
        let mut is_long = body.size_hint().lower() > bytes_max as u64;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Refusal::bad("ERR the body did not come as a whole"))?;
            let Ok(piece) = frame.into_data() else { continue };
            is_long |= bytes.len() + piece.len() > bytes_max;
            if !is_long {
                if !held.grow(piece.len()) {
                    let message = "ERR too many requests are under way";
                    return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, message));
                }
                bytes.extend_from_slice(&piece);
                continue;
            }
            bytes = Vec::new();
            passed_over += piece.len();
            if passed_over > PASSED_OVER_BYTES_MAX {
                break;
            }
        }
        let too_long = || Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "ERR max request size exceeded");
        if is_long { Err(too_long()) } else { Ok(bytes) }
    };
    let late = || Refusal::new(StatusCode::REQUEST_TIMEOUT, "ERR the request has not come in time");
    timeout(BODY_PATIENCE, receive).await.unwrap_or_else(|_| Err(late()))
}

/// What lets pages of allowed origins read an answer; nothing for all others.
fn allow_origin(admission: &Admission, asked: &HeaderMap, headers: &mut HeaderMap) {
    if admission.cors_origins.is_empty() {
        return;
    }
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = admission.allowed_origin(asked)
        && let Ok(origin) = HeaderValue::from_str(origin)
    {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("upstash-sync-token"));
    }
}

/// What a page may send that asks first.
fn preflight(asked: &HeaderMap, headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, POST, PUT"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(PREFLIGHT_SECONDS));
    if let Some(wanted) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
}
