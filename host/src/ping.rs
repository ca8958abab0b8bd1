//! `sanderling ping`: whether a server answers, for health checks where there is no other client.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::time::Duration;

const HELP: &str = "\
Usage: sanderling ping [host:port | /path/of/socket]

Asks a server for an answer and ends with 0 if it serves its clients, with 1 if not. Without an address, that is
127.0.0.1:6379. One that wants a password serves, one that is loading its data does not yet.
";

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Runs it with the words behind `ping`; prints what came, or says why nothing did.
pub fn run(arguments: &[String]) -> Result<bool, String> {
    let address = match arguments {
        [] => "127.0.0.1:6379",
        [help] if help == "--help" || help == "-h" => {
            print!("{HELP}");
            return Ok(true);
        }
        [address] => address,
        _ => return Err("ping takes one address".to_owned()),
    };
    let reply = ask(address).map_err(|error| format!("no answer from {address}: {error}"))?;
    println!("{reply}");
    Ok(serves(&reply))
}

fn serves(reply: &str) -> bool {
    reply.starts_with("+PONG") || reply.starts_with("-NOAUTH") || reply.starts_with("-NOPERM")
}

/// The first line that a server answers.
fn ask(address: &str) -> io::Result<String> {
    if address.starts_with('/') {
        let stream = UnixStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        return first_line(stream);
    }
    let mut last = io::Error::other("it has no address");
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => {
                stream.set_read_timeout(Some(PATIENCE))?;
                return first_line(stream);
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
}
