use alloc::format;
use alloc::string::String;

use crate::engine::conversation::Conversation;

const WRONG_TYPE: &str = "-WRONGTYPE Operation against a key holding the wrong kind of value";

#[test]
fn members_are_added_under_conditions() {
    let mut client = Conversation::new();
    let me = client.client();
    client.check_all(
        me,
        &[
            ("ZADD z 1 a 2 b 3 c", ":3"),
            ("ZADD z 1 a 5 b 4 d", ":1"),
            ("ZADD z CH 1 a 2 b 4 d", ":1"),
            ("ZADD z NX 9 a 9 e", ":1"),
            ("ZADD z XX CH 8 a 8 f", ":1"),
            ("ZADD z GT CH 7 a 9 b 1 g", ":2"),
            ("ZADD z LT CH 7 a 10 b", ":1"),
            ("ZADD z INCR 1.5 a", "$3|8.5"),
            ("ZADD z NX INCR 1 a", "$-1"),
            ("ZADD z XX INCR 1 nobody", "$-1"),
            ("ZADD z GT INCR -1 a", "$-1"),
            ("ZADD none XX 1 a", ":0"),
            ("EXISTS none", ":0"),
            ("ZINCRBY z 1 new", "$1|1"),
            ("ZADD z inf i", ":1"),
            ("ZINCRBY z -inf i", "-ERR resulting score is not a number (NaN)"),
            ("ZSCORE z i", "$3|inf"),
            (
                "ZRANGE z 0 -1 WITHSCORES",
                "*16|$1|g|$1|1|$3|new|$1|1|$1|c|$1|3|$1|d|$1|4|$1|a|$3|8.5|$1|b|$1|9|$1|e|$1|9|$1|i|$3|inf",
            ),
        ],
    );
}

#[test]
fn refused_additions_say_why() {
    let mut client = Conversation::new();
    let me = client.client();
    client.ask(me, "SET string x");
    client.check_all(
        me,
        &[
            ("ZADD z NX XX 1 a", "-ERR XX and NX options at the same time are not compatible"),
            ("ZADD z GT LT 1 a", "-ERR GT, LT, and/or NX options at the same time are not compatible"),
            ("ZADD z NX GT 1 a", "-ERR GT, LT, and/or NX options at the same time are not compatible"),
            ("ZADD z INCR 1 a 2 b", "-ERR INCR option supports a single increment-element pair"),
            ("ZADD z 1 a 2", "-ERR syntax error"),
            ("ZADD z NX CH", "-ERR syntax error"),
            ("ZADD z 1", "-ERR wrong number of arguments for 'zadd' command"),
            ("ZADD z 1 a x b", "-ERR value is not a valid float"),
            ("ZADD z nan a", "-ERR value is not a valid float"),
            ("EXISTS z", ":0"),
            ("ZADD string x a", "-ERR value is not a valid float"),
            ("ZADD string 1 a", WRONG_TYPE),
            ("ZSCORE string a", WRONG_TYPE),
            ("ZUNION 2 z string AGGREGATE x", WRONG_TYPE),
            ("ZUNION 2 z z AGGREGATE x", "-ERR syntax error"),
            ("ZUNION 0 z", "-ERR at least 1 input key is needed for 'zunion' command"),
            ("ZINTERCARD 1 z LIMIT -1", "-ERR LIMIT can't be negative"),
            ("ZUNION 1 z WEIGHTS x", "-ERR weight value is not a float"),
            ("ZMPOP 0 z MIN", "-ERR numkeys should be greater than 0"),
            ("ZMPOP 1 z MIN COUNT 0", "-ERR count should be greater than 0"),
            ("ZPOPMIN z -1", "-ERR value is out of range, must be positive"),
            (
                "ZRANGE z 0 -1 LIMIT 0 1",
                "-ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
            ),
            (
                "ZRANGE z - + BYLEX WITHSCORES",
                "-ERR syntax error, WITHSCORES not supported in combination with BYLEX",
            ),
            ("ZRANGE z a b", "-ERR value is not an integer or out of range"),
            ("ZCOUNT z x 1", "-ERR min or max is not a float"),
            ("ZLEXCOUNT z x +", "-ERR min or max not valid string range item"),
            ("ZSCAN z x", "-ERR invalid cursor"),
        ],
    );
}

#[test]
fn scores_and_ranks_are_told() {
    let mut client = Conversation::new();
    let me = client.client();
    client.ask(me, "ZADD z 1 a 2.5 b 2.5 c -inf d");
    client.check_all(
        me,
        &[
            ("ZCARD z", ":4"),
            ("ZSCORE z b", "$3|2.5"),
            ("ZSCORE z x", "$-1"),
            ("ZMSCORE z d x a", "*3|$4|-inf|$-1|$1|1"),
            ("ZMSCORE none a b", "*2|$-1|$-1"),
            ("ZRANK z c", ":3"),
            ("ZREVRANK z c", ":0"),
            ("ZRANK z c WITHSCORE", "*2|:3|$3|2.5"),
            ("ZRANK z x", "$-1"),
            ("ZRANK z x WITHSCORE", "*-1"),
            ("ZRANK none x WITHSCORE", "*-1"),
            ("ZRANK z c x", "-ERR syntax error"),
            ("ZRANK z c WITHSCORE x", "-ERR wrong number of arguments for 'zrank' command"),
            ("ZREM z a x b", ":2"),
            ("ZREM z c d", ":2"),
            ("EXISTS z", ":0"),
        ],
    );
    client.ask(me, "HELLO 3");
    client.ask(me, "ZADD z 1 a 2.5 b");
    client.check_all(
        me,
        &[
            ("ZSCORE z b", ",2.5"),
            ("ZSCORE z x", "_"),
            ("ZRANK z b WITHSCORE", "*2|:1|,2.5"),
            ("ZINCRBY z 1 b", ",3.5"),
            ("ZRANGE z 0 -1 WITHSCORES", "*2|*2|$1|a|,1|*2|$1|b|,3.5"),
            ("ZRANDMEMBER z 5 WITHSCORES", "*2|*2|$1|a|,1|*2|$1|b|,3.5"),
            ("ZSCAN z 0", "*2|$1|0|*4|$1|a|$1|1|$1|b|$3|3.5"),
            ("ZPOPMIN z", "*2|$1|a|,1"),
            ("ZPOPMIN z 1", "*1|*2|$1|b|,3.5"),
            ("ZMPOP 1 z MIN", "_"),
        ],
    );
}

#[test]
fn ranges_go_by_rank_score_and_bytes_from_both_ends() {
    let mut client = Conversation::new();
    let me = client.client();
    client.ask(me, "ZADD z 1 a 2 b 3 c 4 d");
    client.ask(me, "ZADD l 0 a 0 b 0 c 0 d");
    client.check_all(
        me,
        &[
            ("ZRANGE z 1 -2", "*2|$1|b|$1|c"),
            ("ZRANGE z 0 0 REV", "*1|$1|d"),
            ("ZREVRANGE z 0 1 WITHSCORES", "*4|$1|d|$1|4|$1|c|$1|3"),
            ("ZRANGE z 3 1", "*0"),
            ("ZRANGE z (1 3 BYSCORE", "*2|$1|b|$1|c"),
            ("ZRANGE z +inf (2 BYSCORE REV LIMIT 1 5 WITHSCORES", "*2|$1|c|$1|3"),
            ("ZRANGEBYSCORE z -inf +inf LIMIT 1 2", "*2|$1|b|$1|c"),
            ("ZRANGEBYSCORE z -inf +inf LIMIT 1 -1", "*3|$1|b|$1|c|$1|d"),
            ("ZRANGEBYSCORE z -inf +inf LIMIT -1 2", "*0"),
            ("ZREVRANGEBYSCORE z 3 2", "*2|$1|c|$1|b"),
            ("ZRANGE l [b (d BYLEX", "*2|$1|b|$1|c"),
            ("ZRANGEBYLEX l - + LIMIT 2 1", "*1|$1|c"),
            ("ZREVRANGEBYLEX l + (b", "*2|$1|d|$1|c"),
            ("ZCOUNT z 2 (4", ":2"),
            ("ZLEXCOUNT l (a +", ":3"),
            ("ZRANGESTORE out z 1 2", ":2"),
            ("ZRANGE out 0 -1 WITHSCORES", "*4|$1|b|$1|2|$1|c|$1|3"),
            ("ZRANGESTORE out z 9 10 BYSCORE", ":0"),
            ("EXISTS out", ":0"),
            ("ZREMRANGEBYRANK z 0 0", ":1"),
            ("ZREMRANGEBYSCORE z (2 3", ":1"),
            ("ZREMRANGEBYLEX l [b [c", ":2"),
            ("ZRANGE z 0 -1", "*2|$1|b|$1|d"),
            ("ZRANGE l 0 -1", "*2|$1|a|$1|d"),
            ("ZREMRANGEBYRANK z 0 -1", ":2"),
            ("EXISTS z", ":0"),
        ],
    );
}

#[test]
fn sorted_sets_and_sets_are_combined() {
    let mut client = Conversation::new();
    let me = client.client();
    client.ask(me, "ZADD x 1 a 2 b 3 c");
    client.ask(me, "ZADD y 10 b 20 c inf d");
    client.ask(me, "SADD s b 7");
    client.check_all(
        me,
        &[
            ("ZUNION 2 x y WITHSCORES", "*8|$1|a|$1|1|$1|b|$2|12|$1|c|$2|23|$1|d|$3|inf"),
            (
                "ZUNION 2 x s WITHSCORES WEIGHTS 2 5 AGGREGATE MAX",
                "*8|$1|a|$1|2|$1|7|$1|5|$1|b|$1|5|$1|c|$1|6",
            ),
            ("ZINTER 2 x y WITHSCORES AGGREGATE MIN", "*4|$1|b|$1|2|$1|c|$1|3"),
            ("ZINTER 3 x y s WITHSCORES", "*2|$1|b|$2|13"),
            ("ZDIFF 2 x s WITHSCORES", "*4|$1|a|$1|1|$1|c|$1|3"),
            ("ZDIFF 2 s x", "*1|$1|7"),
            ("ZINTERCARD 2 x y", ":2"),
            ("ZINTERCARD 2 x y LIMIT 1", ":1"),
            ("ZUNIONSTORE out 2 x y WEIGHTS 1 0", ":4"),
            ("ZRANGE out 0 -1 WITHSCORES", "*8|$1|d|$1|0|$1|a|$1|1|$1|b|$1|2|$1|c|$1|3"),
            ("ZINTERSTORE out 2 x none", ":0"),
            ("EXISTS out", ":0"),
            ("ZDIFFSTORE x 1 x", ":3"),
            ("ZRANGE x 0 -1", "*3|$1|a|$1|b|$1|c"),
        ],
    );
}

#[test]
fn pops_take_from_the_ends() {
    let mut client = Conversation::new();
    let me = client.client();
    client.ask(me, "ZADD z 1 a 2 b 3 c 4 d 5 e 6 f");
    client.check_all(
        me,
        &[
            ("ZPOPMIN z", "*2|$1|a|$1|1"),
            ("ZPOPMAX z 2", "*4|$1|f|$1|6|$1|e|$1|5"),
            ("ZPOPMIN z 0", "*0"),
            ("ZMPOP 2 none z MAX", "*2|$1|z|*1|*2|$1|d|$1|4"),
        ],
    );
    assert_eq!(client.effects().last().map(String::as_str), Some("ZPOPMAX z 1"));
    client.check_all(me, &[("BZPOPMIN none z 0", "*3|$1|z|$1|b|$1|2")]);
    assert_eq!(client.effects().last().map(String::as_str), Some("ZPOPMIN z"));
    client.check_all(me, &[("BZMPOP 0 1 z MIN COUNT 9", "*2|$1|z|*1|*2|$1|c|$1|3"), ("EXISTS z", ":0")]);
    client.check_all(me, &[("ZPOPMIN z", "*0"), ("ZMPOP 1 z MIN", "*-1")]);
}

#[test]
fn the_form_follows_the_size() {
    let mut client = Conversation::new();
    let me = client.client();
    for number in 0..128 {
        client.ask(me, &format!("ZADD z {number} m{number}"));
    }
    client.check_all(me, &[("OBJECT ENCODING z", "$8|listpack"), ("ZADD z 1 more", ":1")]);
    client.check_all(me, &[("OBJECT ENCODING z", "$8|skiplist"), ("ZRANK z m127", ":128")]);
    let long = "x".repeat(65);
    client.ask(me, &format!("ZADD long 0.1 {long}"));
    client.check_all(me, &[("OBJECT ENCODING long", "$8|skiplist"), ("ZCARD long", ":1")]);
    // The two forms show scores differently here, as they do in Redis.
    assert_eq!(client.ask(me, "ZSCAN long 0"), format!("*2|$1|0|*2|$65|{long}|$19|0.10000000000000001"));
    client.ask(me, "ZADD short 0.1 x");
    client.check_all(me, &[("ZSCAN short 0", "*2|$1|0|*2|$1|x|$3|0.1")]);
}

#[test]
fn those_who_wait_are_served_in_their_order() {
    let mut talk = Conversation::new();
    let (first, second, third) = (talk.client(), talk.client(), talk.client());
    talk.check(first, "BZPOPMAX other z 0", "");
    talk.check(second, "BZMPOP 0 1 z MIN COUNT 2", "");
    talk.check(third, "SET z text", "+OK");
    talk.check(third, "DEL z", ":1");
    talk.expect(first, "");
    talk.check(third, "ZADD z 1 a 2 b 3 c 4 d", ":4");
    talk.expect(first, "*3|$1|z|$1|d|$1|4");
    talk.expect(second, "*2|$1|z|*2|*2|$1|a|$1|1|*2|$1|b|$1|2");
    talk.check(first, "ZRANGE z 0 -1", "*1|$1|c");
}

#[test]
fn a_wait_ends_in_time() {
    let mut talk = Conversation::new();
    let me = talk.client();
    talk.check(me, "BZPOPMIN z 1.5", "");
    talk.pass(1_499_999);
    talk.expect(me, "");
    talk.pass(1);
    talk.expect(me, "*-1");
    talk.check(me, "BZPOPMIN z -1", "-ERR timeout is negative");
    talk.check(me, "BZPOPMIN z x", "-ERR timeout is not a float or out of range");
}
