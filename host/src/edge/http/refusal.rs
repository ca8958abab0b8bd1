//! Requests that are not answered by the engine.

use hyper::StatusCode;
use hyper::header::HeaderName;

/// Why not, as a status and an error in Redis's form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) message: String,
    /// What there is instead of what the request has, such as methods.
    pub(super) header: Option<(HeaderName, &'static str)>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), header: None }
    }

    /// The request is none.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// It comes from nobody.
    pub(super) fn unknown() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "WRONGPASS invalid or missing auth token")
    }
}
