//! Real sockets of this process, looked up as a search does.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;

use super::candidates::Unlisted;
use super::listing::Listing;
use super::sock_diag::SockDiag;
use crate::platform::linux::kernel;
use crate::platform::linux::socket::{Inode, Row};
use crate::question::{Filter, Port, Question, Wanted};
use crate::socket::{End, Protocol, State};

fn inode(socket: &impl AsRawFd) -> Inode {
    let stat = kernel::stat_of_number(socket.as_raw_fd()).expect("it is open");
    Inode::try_from(stat.object.1).expect("32 bits")
}

fn quick(diag: &mut SockDiag, wanted: Wanted) -> Unlisted {
    Unlisted::quick(diag, Question::pid(1, wanted), 1)
}

fn listed(diag: &mut SockDiag, questions: Vec<Unlisted>) -> Vec<Unlisted> {
    listed_by(diag, Listing::new(questions))
}

fn listed_by(diag: &mut SockDiag, mut listing: Listing) -> Vec<Unlisted> {
    loop {
        if let Some(listed) = listing.advance(diag).expect("the tables can be read") {
            return listed;
        }
    }
}

fn inodes(unlisted: &Unlisted) -> Vec<Inode> {
    unlisted.candidates.iter().map(|candidate| candidate.inode).collect()
}

fn end(address: SocketAddr) -> End {
    End::new(address.ip(), 0, address.port())
}

fn local_end(socket: &UdpSocket) -> End {
    end(socket.local_addr().expect("it is bound"))
}

fn udp(address: &str) -> UdpSocket {
    UdpSocket::bind(address).expect("a port")
}

/// Returns a client of the listener, and the client's port.
fn connection(listener: &TcpListener) -> (TcpStream, u16) {
    let server = listener.local_addr().expect("it listens");
    let client = TcpStream::connect(server).expect("a connection");
    let port = client.local_addr().expect("it is bound").port();
    (client, port)
}

#[test]
fn a_client_of_a_server_that_is_known_is_found_without_whole_tables() {
    let mut diag = SockDiag::default();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let (first, first_port) = connection(&listener);
    let (second, second_port) = connection(&listener);

    let unknown = quick(&mut diag, Wanted::port(first_port));
    let before = inodes(&unknown);
    let found = listed(&mut diag, vec![unknown]);
    let known = quick(&mut diag, Wanted::port(second_port));

    assert_eq!((before, inodes(&found[0])), (vec![], vec![inode(&first)]));
    assert_eq!(inodes(&known), [inode(&second)]);
    assert!(known.needs_tables(), "another socket may have that port, if its holder is hidden");
    let connected = quick(&mut diag, Wanted::connected(second_port));
    assert_eq!(inodes(&connected), [inode(&second)]);
}

#[test]
fn whoever_listens_on_a_port_is_found_quickly_on_both_families() {
    let mut diag = SockDiag::default();
    let listeners = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::UNSPECIFIED.into()]
        .map(|address: std::net::IpAddr| TcpListener::bind((address, 0)).expect("a port"));

    for listener in listeners {
        let port = listener.local_addr().expect("it listens").port();
        let any = quick(&mut diag, Wanted::port(port));
        let listening = quick(&mut diag, Wanted::listener(port));

        assert_eq!([inodes(&any), inodes(&listening)], [[inode(&listener)], [inode(&listener)]]);
        assert_eq!([any.needs_tables(), listening.needs_tables()], [true, false]);
    }
}

#[test]
fn a_reply_has_one_candidate_and_needs_no_tables() {
    let mut diag = SockDiag::default();
    let (client, server) = (udp("127.0.0.1:0"), udp("127.0.0.1:0"));
    let (peer, own) = (local_end(&client), local_end(&server));
    let wildcard = End { port: own.port, ..end("0.0.0.0:0".parse().expect("an address")) };
    let elsewhere = End { port: peer.port, ..end("203.0.113.1:0".parse().expect("an address")) };

    let found = [(peer, own), (peer, wildcard), (elsewhere, own)].map(|(peer, own)| {
        let reply = quick(&mut diag, Wanted::Reply { peer, own });
        (inodes(&reply), reply.needs_tables())
    });

    let it = vec![inode(&client)];
    assert_eq!(found, [(it.clone(), false), (it, false), (vec![], false)]);
}

#[test]
fn the_question_asked_in_tcps_order_would_find_another_socket() {
    // The server takes everything on its port, so the kernel names it when asked which socket gets
    // what the client sends.
    let mut diag = SockDiag::default();
    let (client, server) = (udp("127.0.0.1:0"), udp("0.0.0.0:0"));
    let server_end = End { port: local_end(&server).port, ..local_end(&client) };
    client.connect((Ipv4Addr::LOCALHOST, server_end.port)).expect("an address");

    let reply = |diag: &mut SockDiag, peer, own| inodes(&quick(diag, Wanted::Reply { peer, own }));

    assert_eq!(reply(&mut diag, local_end(&client), server_end), [inode(&client)]);
    assert_eq!(reply(&mut diag, server_end, local_end(&client)), [inode(&server)]);
}

#[test]
fn a_list_has_every_socket_once() {
    let mut diag = SockDiag::default();
    let tcp: Vec<_> =
        (0..300).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port")).collect();
    let udp: Vec<_> =
        (0..300).map(|i| udp(if i % 2 == 0 { "127.0.0.1:0" } else { "[::1]:0" })).collect();
    let (client, _) = connection(&tcp[0]);
    let all = tcp.iter().map(inode).chain(udp.iter().map(inode)).chain([inode(&client)]);
    let all: Vec<_> = all.collect();

    let question = Question::pid(1, Wanted::All(Filter::default()));
    let rows = listed(&mut diag, vec![Unlisted::new(question)]).remove(0).rows;

    for inode in all {
        let count = rows.iter().filter(|row| row.inode == inode).count();
        assert_eq!(count, 1, "{inode}");
    }
    assert!(rows.iter().all(|row| row.inode != 0 && row.socket.local.port != 0));
}

/// The kernel keeps the sockets of one UDP port in one chain, newest first, and remembers only how
/// many of them it has reported. So when some at the front go, as many steady ones are skipped.
#[test]
fn a_socket_is_in_the_list_when_others_go_while_it_is_made() {
    let mut diag = SockDiag::default();
    let first = udp("127.0.0.1:0");
    let port = local_end(&first).port;
    let steady: Vec<_> =
        (0..600).map(|i| udp(&format!("127.1.{}.{}:{port}", i / 200, i % 200))).collect();
    let filter = Filter { port: Some(port), ..Filter::default() };
    let question = || Unlisted::new(Question::pid(1, Wanted::All(filter)));

    for steps in 1..8 {
        let gone: Vec<_> = (0..40).map(|i| udp(&format!("127.2.0.{i}:{port}"))).collect();
        let mut listing = Listing::new(vec![question()]);
        for _ in 0..steps {
            assert!(listing.advance(&mut diag).expect("it can be read").is_none());
        }
        drop(gone);
        let rows = listed_by(&mut diag, listing).remove(0).rows;

        let has = |socket: &&UdpSocket| rows.iter().any(|row| row.inode == inode(*socket));
        assert_eq!(steady.iter().filter(has).count(), steady.len(), "after {steps} steps");
    }
}

#[test]
fn a_list_is_narrowed_by_protocol_state_and_port() {
    let mut diag = SockDiag::default();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let (client, port) = connection(&listener);
    let unconnected = udp("127.0.0.1:0");
    let mut list = |filter| {
        let question = Question::pid(1, Wanted::All(filter));
        let unlisted = vec![Unlisted::new(question)];
        listed(&mut diag, unlisted).remove(0).rows
    };
    let has = |rows: &[Row], inode| rows.iter().any(|row| row.inode == inode);
    let ours = [inode(&listener), inode(&client), inode(&unconnected)];

    let mut narrowed = |filter| {
        let rows = list(filter);
        ours.map(|inode| has(&rows, inode))
    };

    let none = Filter::default();
    let tcp = Filter { protocol: Some(Protocol::Tcp), ..none };
    assert_eq!(narrowed(none), [true; 3]);
    assert_eq!(narrowed(tcp), [true, true, false]);
    assert_eq!(narrowed(Filter { protocol: Some(Protocol::Udp), ..none }), [false, false, true]);
    assert_eq!(narrowed(Filter { state: Some(State::Listening), ..none }), [true, false, false]);
    assert_eq!(narrowed(Filter { state: Some(State::Connected), ..none }), [false, true, false]);
    assert_eq!(narrowed(Filter { state: Some(State::Bound), ..none }), [false, false, true]);
    assert_eq!(narrowed(Filter { port: Some(port), ..none }), [false, true, false]);
}

#[test]
fn many_questions_share_the_tables() {
    let mut diag = SockDiag::default();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let clients: Vec<_> = (0..8).map(|_| connection(&listener)).collect();
    let port = |port| Port { protocol: Protocol::Tcp, port, state: None, address: None };
    let question = |port: u16, wanted| Unlisted::new(Question::pid(port.into(), wanted));
    let mut questions: Vec<_> =
        clients.iter().map(|(_, at)| question(*at, Wanted::Port(port(*at)))).collect();
    questions.push(question(0, Wanted::All(Filter::default())));

    let found = listed(&mut diag, questions);

    // Another process's connection to another server may have the same local port.
    let own = clients.iter().map(|(client, _)| inode(client)).collect::<Vec<_>>();
    for (client, unlisted) in own.iter().zip(&found) {
        let found = inodes(unlisted).into_iter().filter(|inode| own.contains(inode));
        assert_eq!(found.collect::<Vec<_>>(), [*client]);
    }
    assert!(own.iter().all(|client| found[8].rows.iter().any(|row| row.inode == *client)));
}

#[test]
fn a_crowd_of_udp_ports_shares_the_tables() {
    let mut diag = SockDiag::default();
    let sockets: Vec<_> = (0..8).map(|i| udp(["127.0.0.1:0", "[::1]:0"][i % 2])).collect();
    let ask = |many: usize, diag: &mut SockDiag| -> Vec<_> {
        let question = |socket| {
            let port = local_end(socket).port;
            let wanted = Port { protocol: Protocol::Udp, port, state: None, address: None };
            Question::pid(port.into(), Wanted::Port(wanted))
        };
        sockets.iter().map(|socket| Unlisted::quick(diag, question(socket), many)).collect()
    };

    let few = ask(1, &mut diag);
    let crowd = ask(sockets.len(), &mut diag);

    assert!(few.iter().all(|unlisted| !unlisted.needs_tables()));
    assert!(crowd.iter().all(|unlisted| unlisted.needs_tables()));
    let found = listed(&mut diag, crowd);
    for ((socket, alone), together) in sockets.iter().zip(&few).zip(&found) {
        assert_eq!([inodes(alone), inodes(together)], [[inode(socket)]; 2]);
    }
}
