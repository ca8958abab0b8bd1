//! What TLS costs, beside redis-server with TLS.

use super::Result;
use super::options::{Kind, Options};
use super::rows::{PLAIN, Row};
use super::server::{Server, available};
use super::table::{grouped, markdown, ratio};
use super::throughput::{Way, measure_servers};

/// The rows that are measured.
const ROWS: [&str; 2] = ["set", "get"];

/// GET and SET over TLS at every depth of the pipeline, and what they cost without it.
pub(super) fn measure(options: &Options) -> Result<String> {
    let servers: Vec<Server> =
        available(options).into_iter().map(Server::start_with_tls).collect::<Result<_>>()?;
    let rows: Vec<&Row> =
        PLAIN.iter().filter(|row| ROWS.contains(&row.name) && options.rows.contains(&row.name)).collect();
    let mut lines = vec![heading(&servers)];
    for pipeline in options.pipelines_or(&[1, 16, 64]) {
        for row in &rows {
            let by = |over_tls| {
                measure_servers(&servers, row, Way::by_redis_benchmark(pipeline, over_tls), options)
            };
            let line = format_row(&servers, pipeline, row, &by(false)?, &by(true)?);
            eprintln!("{}", line.join("  "));
            lines.push(line);
        }
    }
    Ok(format!(
        "50 connections over TLS 1.3, a certificate on P-256, values of 32 bytes, sent by redis-benchmark, whose own core \
         limits the rate: operations per CPU second of the server, all threads, are what to compare. CPU is the \
         server's time for one operation, without TLS and with it.\n\n{}",
        markdown(&lines)
    ))
}

fn heading(servers: &[Server]) -> Vec<String> {
    let mut cells = vec!["P, command".to_owned()];
    for server in servers {
        let title = server.kind.title();
        cells.push(format!("{title} CPU ns/op"));
        cells.push("with TLS".to_owned());
        cells.push("TLS op/CPU s".to_owned());
        if server.kind != Kind::Redis {
            cells.push("vs redis".to_owned());
        }
    }
    cells
}

/// The figures are requests per second and CPU nanoseconds of an operation.
fn format_row(
    servers: &[Server],
    pipeline: u32,
    row: &Row,
    plain: &[[f64; 2]],
    secure: &[[f64; 2]],
) -> Vec<String> {
    let base =
        servers.iter().position(|server| server.kind == Kind::Redis).map_or(f64::NAN, |at| secure[at][1]);
    let mut cells = vec![format!("{pipeline} {}", row.title)];
    for (server, ([_, plain], [_, secure])) in servers.iter().zip(plain.iter().zip(secure)) {
        cells.push(grouped(*plain));
        cells.push(grouped(*secure));
        cells.push(grouped(1e9 / secure));
        if server.kind != Kind::Redis {
            cells.push(ratio(base, *secure, None));
        }
    }
    cells
}
