//! TLS as clients and operators meet it.

use crate::client::{Client, bulk, request};
use crate::on_both_engines;
use crate::process::{PATIENCE, Process, TempDir, free_port};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned, SupportedProtocolVersion,
    version,
};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

on_both_engines!(
    serves_by_tls_alone,
    reads_what_came_with_the_handshake,
    asks_clients_for_certificates,
    speaks_the_versions_and_suites_that_it_may,
    resumes_sessions_unless_it_may_not,
    loads_files_anew_under_traffic,
    keeps_the_pair_that_works,
    changes_settings_while_it_runs,
    is_not_kept_from_serving_by_half_handshakes,
    begins_handshakes_however_they_are_cut,
    leaves_the_core_to_others_while_hands_are_shaken,
    sends_all_to_slow_readers_and_cuts_off_those_who_never_read,
    counts_its_clients_and_knows_its_users,
    refuses_what_cannot_be,
    serves_requests_over_https,
);

type Secure = Client<StreamOwned<ClientConnection, TcpStream>>;

/// Who signs, and where the files are.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    dir: TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "tests");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let authority = Self { issuer, dir: TempDir::new() };
        fs::write(authority.file("ca.crt"), authority.issuer.pem()).unwrap();
        authority.issue("server", "localhost", 2099);
        authority.issue("client", "gull", 2099);
        authority
    }

    fn file(&self, name: &str) -> String {
        self.dir.join(name)
    }

    /// Writes a certificate that is good to the end of a year, and its key.
    fn issue(&self, file: &str, name: &str, year: i32) {
        let (certificate, key) = self.signed(name, year);
        fs::write(self.file(&format!("{file}.crt")), certificate).unwrap();
        fs::write(self.file(&format!("{file}.key")), key).unwrap();
    }

    fn signed(&self, name: &str, year: i32) -> (String, String) {
        let mut params = CertificateParams::new(vec![name.to_owned(), "127.0.0.1".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_after = rcgen::date_time_ymd(year, 12, 31);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    /// Flags of a server that has a TLS port besides its own.
    fn flags(&self, port: u16, more: &[&str]) -> Vec<String> {
        let flags = ["--tls-port", &port.to_string(), "--tls-auth-clients", "no"].map(str::to_owned);
        let files = ["--tls-cert-file", &self.file("server.crt"), "--tls-key-file", &self.file("server.key")]
            .map(str::to_owned);
        flags.into_iter().chain(files).chain(more.iter().map(|&flag| flag.to_owned())).collect()
    }

    /// Starts a server with a TLS port; its own port is there for clients that are not to notice.
    fn start(&self, engine: &str, more: &[&str]) -> (Process, u16) {
        let port = free_port();
        let flags = self.flags(port, more);
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        (Process::start(engine, &flags), port)
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        roots
    }

    /// What a client connects with: versions, and the files of a certificate to show.
    fn config(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        shown: Option<&str>,
    ) -> Arc<ClientConfig> {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(self.roots());
        Arc::new(match shown {
            None => builder.with_no_client_auth(),
            Some(name) => {
                let certificate = CertificateDer::from_pem_file(self.file(&format!("{name}.crt"))).unwrap();
                let key = PrivateKeyDer::from_pem_file(self.file(&format!("{name}.key"))).unwrap();
                builder.with_client_auth_cert(vec![certificate], key).unwrap()
            }
        })
    }

    fn client(&self, port: u16) -> Secure {
        connect(&self.config(rustls::ALL_VERSIONS, None), port)
    }
}

/// A client whose handshake is done with its first bytes.
fn connect(config: &Arc<ClientConfig>, port: u16) -> Secure {
    let name = ServerName::try_from("localhost").unwrap();
    let session = ClientConnection::new(Arc::clone(config), name).unwrap();
    Client { stream: StreamOwned::new(session, Client::tcp(port).stream) }
}

/// Whether a server that is asked by these settings answers.
fn answers(config: &Arc<ClientConfig>, port: u16) -> bool {
    let mut client = connect(config, port);
    let mut reply = [0; 7];
    client.stream.write_all(b"PING\r\n").and_then(|()| client.stream.read_exact(&mut reply)).is_ok()
        && &reply == b"+PONG\r\n"
}

fn serves_by_tls_alone(engine: &str) {
    let authority = Authority::new();
    authority.issue("server", "localhost", 2098);
    let (mut server, port) = authority.start(engine, &["--port", "0"]);
    server.wait_log(&format!("listening on 127.0.0.1:{port} (TLS)"));
    let mut client = authority.client(port);
    client.ping();
    // Replies and requests of many records, cut anywhere.
    for size in [0, 1, 16_383, 16_384, 16_385, 100_000, 5_000_000] {
        let value: Vec<u8> = (0..size).map(|nth| (nth % 251) as u8).collect();
        client.call(&[b"SET", b"k", &value], "+OK\r\n").call(&[b"GET", b"k"], bulk(&value));
    }
    client.send(request(&[b"INCR", b"n"]).repeat(5000));
    for nth in 1..=5000 {
        client.expect(format!(":{nth}\r\n"));
    }
    let mut listener = authority.client(port);
    listener.call(&[b"SUBSCRIBE", b"c"], "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
    client.call(&[b"PUBLISH", b"c", b"news"], ":1\r\n");
    listener.expect("*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$4\r\nnews\r\n");
    let own = client.stream.sock.local_addr().unwrap();
    let list = client.text(&[b"CLIENT", b"LIST", b"TYPE", b"normal"]);
    assert!(list.contains(&format!("addr={own} laddr=127.0.0.1:{port} ")), "{list}");
    let info = client.text(&[b"INFO", b"server"]);
    assert!(info.contains(&format!("tcp_port:{port}\r\n")), "{info}");
    assert!(info.contains(&format!("listener0:name=tls,bind=127.0.0.1,port={port}\r\n")), "{info}");
    let days = info.lines().find_map(|line| line.strip_prefix("tls_cert_expires_in_days:")).expect(&info);
    assert!((20_000..40_000).contains(&days.parse::<u32>().unwrap()), "{days}");
    client.call(&[b"CLIENT", b"KILL", b"TYPE", b"pubsub"], ":1\r\n");
    listener.expect_end();
    client.call(&[b"QUIT"], "+OK\r\n").expect_end();
    // Health checks speak it too.
    for (flags, is_well) in [
        (&["--cacert", &authority.file("ca.crt")][..], true),
        (&["--insecure"], true),
        (&["--cacert", &authority.file("server.crt")], false),
        (&["--cacert", &authority.file("ca.crt"), "--sni", "elsewhere"], false),
    ] {
        let mut ping = Command::new(env!("CARGO_BIN_EXE_sanderling"));
        let output =
            ping.args(["ping", "--tls"]).args(flags).arg(format!("localhost:{port}")).output().unwrap();
        assert_eq!(output.status.success(), is_well, "{flags:?}: {output:?}");
    }
}

/// A client that knows what it wants does not wait for the end of the handshake: its first request is in the same
/// segment. No event tells of it once the socket has moved.
fn reads_what_came_with_the_handshake(engine: &str) {
    let authority = Authority::new();
    let (_server, port) = authority.start(engine, &[]);
    for versions in [&[&version::TLS13], &[&version::TLS12]] {
        let mut client = connect(&authority.config(versions, None), port);
        for size in [10, 5000, 15_000] {
            let mut client = connect(&authority.config(versions, None), port);
            let value = vec![b'x'; size];
            client.stream.conn.writer().write_all(&request(&[b"ECHO", &value])).unwrap();
            client.expect(bulk(&value));
        }
        client.ping();
    }
}

fn asks_clients_for_certificates(engine: &str) {
    let (authority, stranger) = (Authority::new(), Authority::new());
    // A stranger's certificate, shown to a server that the client trusts.
    for name in ["client.crt", "client.key"] {
        fs::copy(stranger.file(name), authority.file(&name.replace("client", "stranger"))).unwrap();
    }
    fs::create_dir(authority.file("all")).unwrap();
    fs::copy(authority.file("ca.crt"), authority.file("all/one.pem")).unwrap();
    fs::write(authority.file("all/README"), "what lies here").unwrap();
    let named_twice = ["--tls-ca-cert-file", &authority.file("ca.crt")].map(str::to_owned);
    let by_dir = ["--tls-ca-cert-dir", &authority.file("all")].map(str::to_owned);
    for (wants, authorities, without, with_foreign) in [
        ("yes", &named_twice, false, false),
        ("yes", &by_dir, false, false),
        ("optional", &named_twice, true, false),
        ("no", &named_twice, true, true),
    ] {
        let [flag, path] = authorities.each_ref().map(String::as_str);
        let (_server, port) = authority.start(engine, &["--tls-auth-clients", wants, flag, path]);
        for versions in [&[&version::TLS13], &[&version::TLS12]] {
            for (shown, expected) in
                [(None, without), (Some("client"), true), (Some("stranger"), with_foreign)]
            {
                let config = authority.config(versions, shown);
                assert_eq!(answers(&config, port), expected, "{wants}, {shown:?}, {versions:?}");
            }
        }
    }
    // A certificate does not say who a client is: users do.
    let (_server, port) = authority.start(
        engine,
        &[
            "--tls-auth-clients",
            "yes",
            "--tls-ca-cert-file",
            &authority.file("ca.crt"),
            "--requirepass",
            "secret",
        ],
    );
    let mut client = connect(&authority.config(rustls::ALL_VERSIONS, Some("client")), port);
    client.call(&[b"PING"], "-NOAUTH Authentication required.\r\n");
    client.call(&[b"AUTH", b"secret"], "+OK\r\n").ping();
}

fn speaks_the_versions_and_suites_that_it_may(engine: &str) {
    let authority = Authority::new();
    let (_server, port) = authority
        .start(engine, &["--tls-protocols", "TLSv1.3", "--tls-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"]);
    assert!(!answers(&authority.config(&[&version::TLS12], None), port));
    let mut client = authority.client(port);
    client.ping();
    let suite = client.stream.conn.negotiated_cipher_suite().unwrap().suite();
    assert_eq!(suite.as_str(), Some("TLS13_CHACHA20_POLY1305_SHA256"));
    let (_server, port) = authority.start(
        engine,
        &["--tls-protocols", "TLSv1.2", "--tls-ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256:!aNULL"],
    );
    assert!(!answers(&authority.config(&[&version::TLS13], None), port));
    let mut client = authority.client(port);
    client.ping();
    let suite = client.stream.conn.negotiated_cipher_suite().unwrap().suite();
    assert_eq!(suite.as_str(), Some("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"));
    // A hello that offers version 1.1 at most.
    let mut old = Client::tcp(port);
    let mut hello = vec![0x03, 0x02];
    hello.extend([7; 32]);
    hello.extend([0, 0, 4, 0xc0, 0x2b, 0xc0, 0x2f, 1, 0]);
    // Which signatures it takes, without which there is something else to complain about.
    hello.extend([0, 8, 0, 0x0d, 0, 4, 0, 2, 4, 3]);
    let mut record = vec![0x16, 0x03, 0x01, 0, hello.len() as u8 + 4, 1, 0, 0, hello.len() as u8];
    record.extend(hello);
    old.send(record);
    let alert = old.drain();
    assert_eq!((alert.first(), alert.last()), (Some(&0x15), Some(&70)), "protocol_version: {alert:?}");
}

fn resumes_sessions_unless_it_may_not(engine: &str) {
    let authority = Authority::new();
    for (caches, expected) in [("yes", HandshakeKind::Resumed), ("no", HandshakeKind::Full)] {
        let (_server, port) = authority.start(engine, &["--tls-session-caching", caches]);
        for versions in [&[&version::TLS13], &[&version::TLS12]] {
            let config = authority.config(versions, None);
            let mut kinds = Vec::new();
            for _ in 0..2 {
                let mut client = connect(&config, port);
                client.ping();
                kinds.push(client.stream.conn.handshake_kind().unwrap());
            }
            assert_eq!(kinds, [HandshakeKind::Full, expected], "{caches}, {versions:?}");
        }
    }
}

/// Clients that are there stay, whichever certificate they have seen, and those that come see the new one.
fn loads_files_anew_under_traffic(engine: &str) {
    let authority = Authority::new();
    let (mut server, port) = authority.start(engine, &["--tls-auto-reload-interval", "0"]);
    let shown = || {
        let mut client = authority.client(port);
        client.ping();
        client.stream.conn.peer_certificates().unwrap()[0].to_vec()
    };
    let before = shown();
    std::thread::scope(|scope| {
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let traffic = scope.spawn({
            let authority = &authority;
            move || {
                let mut old = authority.client(port);
                let mut rounds = 0;
                while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
                    old.send(request(&[b"ECHO", b"as before"]).repeat(50));
                    old.expect(bulk(b"as before").repeat(50));
                    authority.client(port).ping();
                    rounds += 1;
                }
                rounds
            }
        });
        for year in [2090, 2091, 2092] {
            authority.issue("server", "localhost", year);
            let seen = server.wait_log("Ready").matches("are loaded anew").count();
            server.signal("HUP");
            server.wait_log_times("are loaded anew", seen + 1);
        }
        drop(stop);
        assert!(traffic.join().unwrap() > 0);
    });
    assert_ne!(shown(), before);
    // Nobody has to tell it.
    let (mut server, port) = authority.start(engine, &["--tls-auto-reload-interval", "1"]);
    authority.client(port).ping();
    authority.issue("server", "localhost", 2093);
    server.wait_log("are loaded anew");
    authority.client(port).ping();
}

fn keeps_the_pair_that_works(engine: &str) {
    let authority = Authority::new();
    let (mut server, port) = authority.start(engine, &["--tls-auto-reload-interval", "1"]);
    let (certificate, key) = authority.signed("localhost", 2095);
    fs::write(authority.file("server.crt"), certificate).unwrap();
    let log = server.wait_log("are not loaded anew, those from before stay in use: the key in");
    assert!(log.contains("is not that of the certificate"), "{log}");
    let mut client = authority.client(port);
    client.ping();
    let refusal =
        client.line_of(&[b"CONFIG", b"SET", b"tls-cert-file", authority.file("server.crt").as_bytes()]);
    assert!(
        refusal.starts_with("-ERR CONFIG SET failed (possibly related to argument 'tls-cert-file')"),
        "{refusal}"
    );
    // The other half comes.
    fs::write(authority.file("server.key"), key).unwrap();
    server.wait_log("are loaded anew");
    authority.client(port).ping();
    client.ping();
    for (name, text) in [("server.crt", "nothing"), ("server.key", "nothing")] {
        let before = fs::read(authority.file(name)).unwrap();
        let seen = server.wait_log("Ready").matches("are not loaded anew").count();
        fs::write(authority.file(name), text).unwrap();
        server.signal("HUP");
        server.wait_log_times("are not loaded anew", seen + 1);
        authority.client(port).ping();
        fs::write(authority.file(name), before).unwrap();
    }
    // A certificate that has ended is used, and told of.
    authority.issue("server", "localhost", 2001);
    server.signal("HUP");
    server.wait_log("the certificate of TLS has ended");
    // It is told of before it is in use.
    let until = Instant::now() + PATIENCE;
    while !client.text(&[b"INFO", b"server"]).contains("tls_cert_expires_in_days:-") {
        assert!(Instant::now() < until, "the certificate is not in use");
    }
}

fn changes_settings_while_it_runs(engine: &str) {
    let authority = Authority::new();
    let config_file = authority.file("own.conf");
    fs::write(&config_file, "# mine\nport 0\n").unwrap();
    let (socket, cache) = (authority.file("s"), authority.file("c"));
    let mut server = Process::launch_bare(&[
        &config_file,
        "--engine",
        engine,
        "--unixsocket",
        &socket,
        "--cache-dir",
        &cache,
    ]);
    server.wait_log("Ready to accept connections");
    let mut plain = Client::unix(&socket);
    let (_other, taken) = authority.start(engine, &[]);
    let (first, second) = (free_port().to_string(), free_port().to_string());
    let (cert, key) = (authority.file("server.crt"), authority.file("server.key"));
    let refused = |name: &str, why: &str| {
        format!("-ERR CONFIG SET failed (possibly related to argument '{name}') - {why}")
    };
    assert_eq!(set(&mut plain, &["tls-port", &first]), refused("tls-port", "tls-cert-file is not set"));
    assert_eq!(set(&mut plain, &["tls-cert-file", &cert, "tls-key-file", &key]), "+OK");
    let reply = set(&mut plain, &["tls-port", &first]);
    assert!(reply.contains("tls-auth-clients asks clients for certificates"), "{reply}");
    assert_eq!(set(&mut plain, &["tls-port", &first, "tls-auth-clients", "no"]), "+OK");
    let mut client = authority.client(first.parse().unwrap());
    client.ping();
    for (name, value, why) in [
        ("tls-protocols", "TLSv1.1", "tls-protocols: TLSv1.1 is not spoken, only TLSv1.2 and TLSv1.3 are"),
        ("tls-ciphers", "RC4-MD5", "tls-ciphers: RC4-MD5 is not among the suites of this server"),
        ("tls-cert-file", "/nowhere", "cannot read /nowhere: No such file or directory"),
        ("tls-ca-cert-dir", "/nowhere", "cannot read /nowhere: No such file or directory"),
        ("tls-key-file-pass", "secret", "keys with a passphrase are not read: `openssl pkey"),
        ("tls-port", &taken.to_string(), "Could not create server TCP listening socket"),
    ] {
        let reply = set(&mut plain, &[name, value]);
        assert!(reply.starts_with(&refused(name, why)), "{reply}");
    }
    authority.client(first.parse().unwrap()).ping();
    // Another port takes its place; who is there stays.
    assert_eq!(set(&mut plain, &["tls-port", &second]), "+OK");
    authority.client(second.parse().unwrap()).ping();
    client.ping();
    assert_eq!(plain.line_of(&[b"CONFIG", b"REWRITE"]), "+OK");
    let text = fs::read_to_string(&config_file).unwrap();
    for line in
        [format!("tls-port {second}"), format!("tls-cert-file {cert}"), "tls-auth-clients no".to_owned()]
    {
        assert!(text.lines().any(|other| other.replace('"', "") == line), "{line}: {text}");
    }
    assert_eq!(set(&mut plain, &["tls-port", "0"]), "+OK");
    refuses_connections(second.parse().unwrap());
    client.ping();
    assert_eq!(set(&mut plain, &["tls-port", &second]), "+OK");
    authority.client(second.parse().unwrap()).ping();
}

/// What CONFIG SET answers.
fn set(client: &mut Client<UnixStream>, words: &[&str]) -> String {
    let words = ["CONFIG", "SET"].into_iter().chain(words.iter().copied());
    client.line_of(&words.map(str::as_bytes).collect::<Vec<_>>())
}

/// A listener closes a moment after it was said.
fn refuses_connections(port: u16) {
    let until = Instant::now() + PATIENCE;
    while TcpStream::connect(("127.0.0.1", port)).is_ok() {
        assert!(Instant::now() < until, "there is still someone at {port}");
    }
}

/// Who begins a handshake and says no more has a place for a bounded time, and costs others nothing.
fn is_not_kept_from_serving_by_half_handshakes(engine: &str) {
    let authority = Authority::new();
    let (mut server, port) = authority.start(engine, &[]);
    let mut plain = server.client();
    let mut first = Client::tcp(port);
    first.send([0x16, 0x03, 0x01, 0x02]);
    let mut silent: Vec<Client> = (0..400).map(|_| Client::tcp(port)).collect();
    let list = plain.text(&[b"CLIENT", b"LIST"]);
    assert_eq!(list.matches(" addr=").count(), 1, "they are no clients: {list}");
    for _ in 0..100 {
        plain.ping();
    }
    // All places are taken, and there will be one.
    authority.client(port).ping();
    plain.ping();
    server.wait_log("failed: it took more than 1 s");
    // So does its time end that came when there was room for all.
    first.expect_end();
    silent.truncate(10);
    // What is no TLS fails at once, and fills no log.
    for _ in 0..50 {
        Client::tcp(port).send("PING\r\n").drain();
    }
    authority.client(port).ping();
    plain.ping();
    let told = server.log_so_far().matches("a handshake of TLS with").count();
    assert_eq!(told, 10, "as many as are told in a minute");
}

fn begins_handshakes_however_they_are_cut(engine: &str) {
    let authority = Authority::new();
    let (_server, port) = authority.start(engine, &[]);
    let mut client = authority.client(port);
    let mut hello = Vec::new();
    client.stream.conn.write_tls(&mut hello).unwrap();
    client.stream.sock.set_nodelay(true).unwrap();
    for byte in hello {
        client.stream.sock.write_all(&[byte]).unwrap();
    }
    client.ping();
    // What is none is answered by an alert.
    let mut stream = Client::tcp(port).stream;
    stream.write_all(b"PING\r\nPING\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"\x15\x03"), "{answer:?}");
    // A first message that would have 16 MiB is not waited for.
    let mut stream = Client::tcp(port).stream;
    stream.write_all(b"\x16\x03\x01\x00\x04\x01\xff\xff\xff").unwrap();
    stream.read_to_end(&mut answer).unwrap();
    authority.client(port).ping();
}

/// The thread that signs runs under the policy that any other thread interrupts.
fn leaves_the_core_to_others_while_hands_are_shaken(engine: &str) {
    const POLICY_FIELD: usize = 41;
    const SCHED_IDLE: &str = "5";
    let authority = Authority::new();
    let (server, port) = authority.start(engine, &[]);
    authority.client(port).ping();
    let policies: Vec<(String, String)> = fs::read_dir(format!("/proc/{}/task", server.pid()))
        .unwrap()
        .map(|task| fs::read_to_string(task.unwrap().path().join("stat")).unwrap())
        .map(|stat| {
            let (head, rest) = stat.rsplit_once(") ").unwrap();
            let name = head.split_once('(').unwrap().1;
            // The first two fields, number and name, are before the parenthesis.
            (name.to_owned(), rest.split(' ').nth(POLICY_FIELD - 3).unwrap().to_owned())
        })
        .collect();
    let policy_of =
        |name| policies.iter().find(|(known, _)| known == name).map(|(_, policy)| policy.as_str());
    assert_eq!((policy_of("handshakes"), policy_of("edge")), (Some(SCHED_IDLE), Some("0")), "{policies:?}");
}

fn sends_all_to_slow_readers_and_cuts_off_those_who_never_read(engine: &str) {
    const REPLIES: usize = 60;
    let authority = Authority::new();
    let (mut server, port) = authority.start(engine, &[]);
    let mut plain = server.client();
    let value: Vec<u8> = (0..1 << 20).map(|nth| (nth % 249) as u8).collect();
    plain.call(&[b"SET", b"large", &value], "+OK\r\n");
    let mut slow = authority.client(port);
    slow.send(request(&[b"GET", b"large"]).repeat(REPLIES));
    for _ in 0..200 {
        plain.ping();
    }
    for _ in 0..REPLIES {
        slow.expect(bulk(&value));
    }
    slow.ping();
    // The same for one that asks for more while it does not read.
    slow.stream.sock.set_nonblocking(true).unwrap();
    let (requests, mut sent) = (request(&[b"ECHO", &[b'x'; 1000]]).repeat(64), 0);
    let mut refusals = 0;
    while refusals < 200 {
        match slow.stream.write(&requests[sent % requests.len()..]) {
            Ok(count) => {
                (sent, refusals) = (sent + count, 0);
                assert!(sent < 1 << 30, "the server reads without end");
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                refusals += 1;
                plain.ping();
            }
            Err(error) => panic!("{error}"),
        }
    }
    plain.call(&[b"CONFIG", b"SET", b"client-output-buffer-limit", b"normal 1mb 0 0"], "+OK\r\n");
    let mut never = authority.client(port);
    never.send(request(&[b"GET", b"large"]).repeat(REPLIES));
    server.wait_log("closed a client that does not read");
    plain.ping();
}

fn counts_its_clients_and_knows_its_users(engine: &str) {
    let authority = Authority::new();
    let (server, port) =
        authority.start(engine, &["--maxclients", "2", "--user", "ann on >secret ~a* +get +ping +auth"]);
    let (mut plain, mut secure) = (server.client(), authority.client(port));
    plain.ping();
    secure.ping();
    let mut third = authority.client(port);
    third.send("PING\r\n").expect("-ERR max number of clients reached\r\n").expect_end();
    plain.call(&[b"CONFIG", b"SET", b"maxclients", b"10"], "+OK\r\n");
    let mut ann = authority.client(port);
    ann.call(&[b"AUTH", b"ann", b"secret"], "+OK\r\n").call(&[b"GET", b"a"], "$-1\r\n");
    ann.call(&[b"GET", b"b"], "-NOPERM No permissions to access a key\r\n");
    plain.call(&[b"ACL", b"DELUSER", b"ann"], ":1\r\n");
    ann.expect_end();
}

fn refuses_what_cannot_be(engine: &str) {
    let authority = Authority::new();
    fs::write(
        authority.file("locked.key"),
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    )
    .unwrap();
    let (cert, key) = (authority.file("server.crt"), authority.file("server.key"));
    for (flags, why) in [
        (&[][..], "cannot speak TLS: tls-cert-file is not set"),
        (&["--tls-cert-file", &cert], "cannot speak TLS: tls-key-file is not set"),
        (
            &["--tls-cert-file", &cert, "--tls-key-file", &key],
            "either tls-ca-cert-file or tls-ca-cert-dir has to name",
        ),
        (
            &[
                "--tls-cert-file",
                &cert,
                "--tls-key-file",
                &authority.file("locked.key"),
                "--tls-auth-clients",
                "no",
            ],
            "has a passphrase, and such keys are not read: `openssl pkey -in",
        ),
        (
            &[
                "--tls-cert-file",
                &cert,
                "--tls-key-file",
                &authority.file("client.key"),
                "--tls-auth-clients",
                "no",
            ],
            "is not that of the certificate in",
        ),
        (&["--tls-key-file-pass", "secret"], "keys with a passphrase are not read"),
    ] {
        let port = free_port().to_string();
        let flags: Vec<&str> = ["--tls-port", &port].into_iter().chain(flags.iter().copied()).collect();
        let (status, log) = Process::launch(engine, 0, &flags).end();
        assert!(!status.success() && log.contains(why), "{flags:?}: {log}");
    }
    // A port that is another's.
    let (server, port) = authority.start(engine, &[]);
    let flags = authority.flags(port, &[]);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let (status, log) = Process::launch(engine, 0, &flags).end();
    assert!(!status.success() && log.contains("Choose another port with --port or --tls-port"), "{log}");
    server.client().ping();
}

fn serves_requests_over_https(engine: &str) {
    let authority = Authority::new();
    let https = free_port();
    // Without a port for clients, too.
    let (cert, key) = (authority.file("server.crt"), authority.file("server.key"));
    let mut server = Process::start(
        engine,
        &[
            "--https-port",
            &https.to_string(),
            "--http-token",
            "secret",
            "--tls-cert-file",
            &cert,
            "--tls-key-file",
            &key,
            "--tls-auth-clients",
            "no",
        ],
    );
    server.wait_log(&format!("listening on 127.0.0.1:{https} (HTTPS)"));
    let mut client = authority.client(https);
    for _ in 0..3 {
        client.send("GET /ping HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer secret\r\n\r\n");
        assert_eq!(client.line(), "HTTP/1.1 200 OK");
        while !client.line().is_empty() {}
        client.expect("{\"result\":\"PONG\"}");
    }
    authority.issue("server", "localhost", 2097);
    server.signal("HUP");
    server.wait_log("are loaded anew");
    let mut renewed = authority.client(https);
    renewed.send("GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n");
    assert_eq!(renewed.line(), "HTTP/1.1 200 OK");
}
