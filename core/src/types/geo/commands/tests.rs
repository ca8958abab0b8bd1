//! Searches against a look at every member, and what conversations do not show.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use crate::Options;
use crate::base::memory::{HEADROOM_BYTES, Room};
use crate::base::random::Random;
use crate::engine::conversation::Conversation;

#[test]
fn searches_find_what_is_near_enough() {
    let mut random = Random::new([6; 16]);
    let mut talk = Conversation::new();
    let me = talk.client();
    let mut degrees = |most: i64| (random.below(2 * most as u64 * 1000) as i64 - most * 1000) as f64 / 1000.0;
    for member in 0..300 {
        talk.check(me, &alloc::format!("GEOADD k {} {} m{member}", degrees(120), degrees(60)), ":1");
    }
    for _ in 0..40 {
        let (longitude, latitude) = (degrees(100), degrees(50));
        talk.ask(me, &alloc::format!("GEOADD k {longitude} {latitude} centre"));
        let radius = 100.0 + degrees(100).abs() * 30.0;
        let near: BTreeSet<String> = (0..300)
            .filter(|member| {
                let distance = talk.ask(me, &alloc::format!("GEODIST k centre m{member} km"));
                let distance = distance.split('|').nth(1).expect("both are there");
                distance.parse::<f64>().expect("it is a number") <= radius
            })
            .map(|member| alloc::format!("m{member}"))
            .collect();
        let found = talk.ask(me, &alloc::format!("GEOSEARCH k FROMMEMBER centre BYRADIUS {radius} km ASC"));
        let found: Vec<String> = found.split('|').skip(2).step_by(2).map(String::from).collect();
        assert_eq!(found.first().map(String::as_str), Some("centre"));
        assert_eq!(found[1..].iter().cloned().collect::<BTreeSet<_>>(), near);
        assert_eq!(found.len(), near.len() + 1);
    }
}

#[test]
fn stored_results_are_effects() {
    let mut talk = Conversation::new();
    let me = talk.client();
    talk.check_all(
        me,
        &[
            ("GEOADD k 1 1 a 2 2 b", ":2"),
            ("GEOSEARCHSTORE d k FROMLONLAT 1 1 BYRADIUS 10 km", ":1"),
            ("GEORADIUS k 1 1 10 km STORE d", ":1"),
            ("GEOSEARCHSTORE d k FROMLONLAT 50 1 BYRADIUS 10 km", ":0"),
            ("GEOSEARCHSTORE d k FROMLONLAT 50 1 BYRADIUS 10 km", ":0"),
        ],
    );
    assert_eq!(talk.effects().len(), 4);
}

#[test]
fn results_ask_for_memory() {
    let options =
        Options { memory_available: |_| Room::of(HEADROOM_BYTES + (100 << 10)), ..Options::default() };
    let mut talk = Conversation::with(options);
    let me = talk.client();
    for member in 0..4000 {
        talk.check(me, &alloc::format!("GEOADD k 1 1 m{member}"), ":1");
    }
    let refused = "-OOM command not allowed when all memory is used.";
    talk.check(me, "GEOSEARCH k FROMLONLAT 1 1 BYRADIUS 10 km", refused);
    talk.check(me, "GEOSEARCH k FROMLONLAT 1 1 BYRADIUS 10 km COUNT 1 ANY", "*1|$2|m0");
}
