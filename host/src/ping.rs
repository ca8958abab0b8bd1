//! `sanderling ping`: whether a server answers, for health checks where there is no other client.

use crate::tls::{ClientSettings, TlsError, connect};
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::time::Duration;

const HELP: &str = "\
Usage: sanderling ping [--tls --cacert FILE | --tls --insecure] [host:port | /path/of/socket]

Asks a server for an answer and ends with 0 if it serves its clients, with 1 if not. Without an address, that is
127.0.0.1:6379. One that wants a password serves, one that is loading its data does not yet.

  --tls               ask a TLS port
  --cacert FILE       who has signed the server's certificate
  --insecure          take any certificate: enough to learn whether a server on this machine answers
  --sni NAME          the name in the server's certificate, if it is not the one in the address
  --cert FILE --key FILE
                      what to show to a server that asks clients for certificates
";

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is asked for.
struct Question {
    address: String,
    /// How, if it is by TLS.
    tls: Option<ClientSettings>,
}

/// Why there is no answer.
#[derive(Debug)]
enum Silence {
    System(io::Error),
    Tls(TlsError),
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Silence::System(error) => error.fmt(f),
            Silence::Tls(error) => error.fmt(f),
        }
    }
}

impl From<io::Error> for Silence {
    fn from(error: io::Error) -> Self {
        Silence::System(error)
    }
}

/// Runs it with the words behind `ping`; prints what came, or says why nothing did.
pub fn run(arguments: &[String]) -> Result<bool, String> {
    if let [help] = arguments
        && (help == "--help" || help == "-h")
    {
        print!("{HELP}");
        return Ok(true);
    }
    let question = parse(arguments)?;
    let address = &question.address;
    let reply = ask(&question).map_err(|error| format!("no answer from {address}: {error}"))?;
    println!("{reply}");
    Ok(serves(&reply))
}

fn parse(arguments: &[String]) -> Result<Question, String> {
    let (mut address, mut has_tls, mut tls) = (None, false, ClientSettings::default());
    let mut rest = arguments.iter();
    while let Some(word) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--tls" => has_tls = true,
            "--insecure" => tls.is_insecure = true,
            "--cacert" => tls.ca_file = Some(value()?.into()),
            "--cert" => tls.cert_file = Some(value()?.into()),
            "--key" => tls.key_file = Some(value()?.into()),
            "--sni" => tls.name = Some(value()?.clone()),
            flag if flag.starts_with('-') => return Err(format!("ping has no {flag}; see ping --help")),
            word if address.is_none() => address = Some(word.to_owned()),
            _ => return Err("ping takes one address".to_owned()),
        }
    }
    if !has_tls && tls != ClientSettings::default() {
        return Err("without --tls there are no certificates".to_owned());
    }
    let address = address.unwrap_or_else(|| "127.0.0.1:6379".to_owned());
    if has_tls && address.starts_with('/') {
        return Err("TLS is spoken on ports, not on Unix sockets".to_owned());
    }
    Ok(Question { address, tls: has_tls.then_some(tls) })
}

fn serves(reply: &str) -> bool {
    reply.starts_with("+PONG") || reply.starts_with("-NOAUTH") || reply.starts_with("-NOPERM")
}

/// The first line that a server answers.
fn ask(question: &Question) -> Result<String, Silence> {
    let address = question.address.as_str();
    if address.starts_with('/') {
        let stream = UnixStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        return Ok(first_line(stream)?);
    }
    let stream = dial(address)?;
    let Some(tls) = &question.tls else { return Ok(first_line(stream)?) };
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Ok(first_line(connect(tls, host, stream).map_err(Silence::Tls)?)?)
}

/// A connection to the first address of a name that there is one to.
fn dial(address: &str) -> io::Result<TcpStream> {
    let mut last = io::Error::other("it has no address");
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => {
                stream.set_read_timeout(Some(PATIENCE))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn first_line(mut stream: impl Read + Write) -> io::Result<String> {
    stream.write_all(b"PING\r\n")?;
    let mut line = Vec::new();
    let mut room = [0; 512];
    while !line.contains(&b'\n') {
        let len = stream.read(&mut room)?;
        if len == 0 {
            return Err(io::Error::other("the connection was closed"));
        }
        line.extend_from_slice(&room[..len]);
    }
    let text = String::from_utf8_lossy(&line);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_that_want_something_serve() {
        for (reply, expected) in [
            ("+PONG", true),
            ("-NOAUTH Authentication required.", true),
            ("-LOADING Redis is loading the dataset in memory", false),
            ("-ERR max number of clients reached", false),
            ("HTTP/1.1 400 Bad Request", false),
        ] {
            assert_eq!(serves(reply), expected, "{reply}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        let parsed = |text: &str| {
            let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            parse(&words).map(|question| (question.address, question.tls.is_some()))
        };
        assert_eq!(parsed(""), Ok(("127.0.0.1:6379".to_owned(), false)));
        assert_eq!(parsed("--tls --insecure here:1"), Ok(("here:1".to_owned(), true)));
        for (text, message) in [
            ("a:1 b:1", "ping takes one address"),
            ("--insecure", "without --tls there are no certificates"),
            ("--tls --cacert", "--cacert needs a value"),
            ("--tsl", "ping has no --tsl; see ping --help"),
            ("--tls --insecure /socket", "TLS is spoken on ports, not on Unix sockets"),
        ] {
            assert_eq!(parsed(text), Err(message.to_owned()), "{text}");
        }
    }
}
