//! WebSocket: a connection to the engine that begins as a request, which pages can have, too.

mod carry;
mod form;
mod frames;

use super::conversation::{Caller, Conversation, Held};
use super::guard::{Given, User, given_in};
use super::refusal::Refusal;
use super::wording::Wording;
use super::{Http, Peer, Rules};
use crate::exchange::Line;
use crate::log;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use carry::carry;
use form::{Form, Json, Subprotocol};
use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::upgrade::{OnUpgrade, Parts, Upgraded};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

/// How long the engine may take to let somebody in.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a client may say nothing until it is asked whether it is there, and again as long for its answer.
const PING_PERIOD: Duration = Duration::from_secs(30);
/// The version that there is.
const VERSION: &str = "13";
/// Bytes of a key.
const KEY_BYTES: usize = 16;
/// What a key is joined with for the answer that proves that it was understood.
const KEY_SUFFIX: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// How the subprotocol begins that brings a token, since pages cannot set headers.
const TOKEN_START: &str = "token.";

/// A WebSocket that was agreed on, and begins when the answer has left.
pub(super) struct Opening {
    upgrade: OnUpgrade,
    line: Line,
    form: Form,
}

/// Whether a request asks for one.
pub(super) fn is_asked_for(request: &Request<Incoming>) -> bool {
    let names_it = names(request.headers(), &UPGRADE).any(|name| name.eq_ignore_ascii_case("websocket"));
    names_it && request.uri().path() == "/" && request.method() == Method::GET
}

/// Lets a client in: what the answer says, and what begins then.
pub(super) async fn agree(
    http: &Http,
    rules: &Rules,
    peer: &Peer,
    mut request: Request<Incoming>,
) -> Result<(HeaderMap, Opening), Refusal> {
    let headers = request.headers();
    let key = key_of(headers)?;
    let (subprotocol, token) = offered(headers)?;
    let mut answer = HeaderMap::new();
    answer.insert(UPGRADE, HeaderValue::from_static("websocket"));
    answer.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    answer.insert(SEC_WEBSOCKET_ACCEPT, accept(key));
    if headers.contains_key(SEC_WEBSOCKET_PROTOCOL) {
        answer.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(subprotocol.name()));
    }
    let admitted = async {
        let given = given_in(headers, request.uri())?.or(token);
        let is_nobody = given.is_none();
        let user = given.map(|given| rules.admission.user_by(given)).transpose()?.flatten();
        admit(http, peer, is_nobody, user, subprotocol).await
    };
    let line = match admitted.await {
        Err(refusal) if refusal.status == StatusCode::UNAUTHORIZED => {
            return Err(http.failed_login(peer, refusal).await);
        }
        line => line?,
    };
    let upgrade = hyper::upgrade::on(&mut request);
    let form = match subprotocol {
        Subprotocol::Resp => Form::Resp,
        Subprotocol::Json => Form::Json(Box::new(Json::new(rules.limits.request_bytes_max, &http.held))),
    };
    Ok((answer, Opening { upgrade, line, form }))
}

/// Serves what was agreed on, over the connection that carried the request.
pub(super) async fn serve<S>(opening: Opening, peer: &Peer, stopping: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Opening { upgrade, line, form } = opening;
    let outcome = match upgrade.await.map(Upgraded::downcast::<TokioIo<Wording<S>>>) {
        Ok(Ok(Parts { io, read_buf, .. })) => {
            // What corrects the answers of HTTP has no business with what follows.
            carry(io.into_inner().into_inner(), read_buf.to_vec(), line, form, PING_PERIOD, stopping).await
        }
        Ok(Err(_)) => unreachable!("it is the connection that the request came over"),
        Err(error) => Err(io::Error::other(error)),
    };
    if let Err(error) = outcome {
        log::verbose!("a WebSocket with {} ended: {error}", peer.addr);
    }
}

/// A connection to the engine for whoever it is. Who brings nothing has to say it there, which only helps if it is asked
/// for there: where the default user has no password, everybody would be let in.
async fn admit(
    http: &Http,
    peer: &Peer,
    is_nobody: bool,
    user: Option<User>,
    subprotocol: Subprotocol,
) -> Result<Line, Refusal> {
    let is_trusted = !is_nobody && user.is_none();
    let caller =
        Caller { addr: &peer.addr, laddr: &peer.laddr, is_local: peer.is_local, user, database: None };
    let held = Held::new(&http.held);
    let mut conversation = Conversation::open(&http.exchange, caller, is_trusted, held, PATIENCE).await?;
    let wants_password = conversation.wants_password().await?;
    if is_nobody && !wants_password {
        return Err(Refusal::unknown());
    }
    if subprotocol == Subprotocol::Json && !wants_password {
        // Messages are told from replies, and maps from arrays, by the third version of the protocol.
        conversation.error_of(&[b"HELLO", b"3"]).await?;
    }
    conversation.into_line()
}

/// The key of a request that is one for a WebSocket in all else.
fn key_of(headers: &HeaderMap) -> Result<&HeaderValue, Refusal> {
    if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != VERSION) {
        let refusal = Refusal::new(StatusCode::UPGRADE_REQUIRED, "ERR the version of WebSocket is 13");
        return Err(Refusal { header: Some((SEC_WEBSOCKET_VERSION, VERSION)), ..refusal });
    }
    let is_key =
        |key: &&HeaderValue| STANDARD.decode(key.as_bytes()).is_ok_and(|bytes| bytes.len() == KEY_BYTES);
    let is_upgrade = names(headers, &CONNECTION).any(|name| name.eq_ignore_ascii_case("upgrade"));
    let key = headers.get(SEC_WEBSOCKET_KEY).filter(is_key).filter(|_| is_upgrade);
    key.ok_or_else(|| Refusal::bad("ERR the request for a WebSocket is not whole"))
}

/// What proves that a key was understood.
fn accept(key: &HeaderValue) -> HeaderValue {
    let joined = [key.as_bytes(), KEY_SUFFIX.as_bytes()].concat();
    let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, &joined);
    HeaderValue::from_str(&STANDARD.encode(digest)).expect("base64 is a header")
}

/// What is to be spoken, and a token if there is one among the subprotocols.
fn offered(headers: &HeaderMap) -> Result<(Subprotocol, Option<Given>), Refusal> {
    let (mut known, mut token, mut is_empty) = (None, None, true);
    for name in names(headers, &SEC_WEBSOCKET_PROTOCOL) {
        is_empty = false;
        if let Some(text) = name.strip_prefix(TOKEN_START) {
            let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Refusal::unknown())?;
            token = Some(Given::Bearer(bytes));
        } else if known.is_none() {
            known = Subprotocol::named(name);
        }
    }
    let known = known.or(is_empty.then_some(Subprotocol::Resp));
    let refusal = || Refusal::bad(format!("ERR there are the subprotocols {}", Subprotocol::NAMES));
    Ok((known.ok_or_else(refusal)?, token))
}

/// The items of a header that is a list.
fn names<'a>(headers: &'a HeaderMap, header: &'a HeaderName) -> impl Iterator<Item = &'a str> {
    let texts = headers.get_all(header).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).map(str::trim).filter(|name| !name.is_empty())
}
