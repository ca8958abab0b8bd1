//! The least that can be done for a request over HTTP, by the library that the server speaks it with: the whole request is
//! read, and an answer of a size is sent. What the server takes longer than this, it takes for commands.

use super::Result;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Listens on a port for ever, in one thread, and answers each request by so many bytes.
pub(super) fn serve(port: u16, answer_bytes: usize) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let answer = Bytes::from(vec![b'x'; answer_bytes]);
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        loop {
            let (socket, _) = listener.accept().await?;
            socket.set_nodelay(true)?;
            let answer = answer.clone();
            let service = service_fn(move |request| reply(request, answer.clone()));
            tokio::spawn(async move {
                // It ends when the client goes.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
            });
        }
    })
}

async fn reply(
    request: Request<Incoming>,
    answer: Bytes,
) -> std::result::Result<Response<Full<Bytes>>, hyper::Error> {
    request.into_body().collect().await?;
    let mut response = Response::new(Full::new(answer));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
