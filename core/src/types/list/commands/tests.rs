use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::engine::conversation::Conversation;

#[test]
fn elements_go_in_and_out_at_both_ends() {
    let mut talk = Conversation::new();
    let a = talk.client();
    talk.check(a, "RPUSH k b c", ":2");
    talk.check(a, "LPUSH k a 0", ":4");
    talk.check(a, "LRANGE k 0 -1", "*4|$1|0|$1|a|$1|b|$1|c");
    talk.check(a, "LPOP k", "$1|0");
    talk.check(a, "RPOP k 2", "*2|$1|c|$1|b");
    talk.check(a, "LPOP k 0", "*0");
    talk.check(a, "LPOP k 9", "*1|$1|a");
    talk.check(a, "LPOP k", "$-1");
    talk.check(a, "LPOP k 1", "*-1");
    talk.check(a, "LPOP k 0", "*-1");
    talk.check(a, "LPOP k -1", "-ERR value is out of range, must be positive");
    talk.check(a, "LPOP k x", "-ERR value is out of range, must be positive");
    talk.check(a, "RPOP k 1 2", "-ERR wrong number of arguments for 'rpop' command");
    talk.check(a, "LPUSHX k a", ":0");
    talk.check(a, "RPUSHX k a", ":0");
    talk.check(a, "RPUSH k a", ":1");
    talk.check(a, "RPUSHX k b c", ":3");
    talk.check(a, "LPUSHX k z", ":4");
    talk.check(a, "LLEN k", ":4");
    talk.check(a, "LLEN none", ":0");
    talk.check(a, "SET s x", "+OK");
    talk.check(a, "RPUSH s a", "-WRONGTYPE Operation against a key holding the wrong kind of value");
    talk.check(a, "LPOP s 0", "-WRONGTYPE Operation against a key holding the wrong kind of value");
}

#[test]
fn indexes_count_from_both_ends() {
    let mut talk = Conversation::new();
    let a = talk.client();
    talk.check(a, "RPUSH k 10 -20 x 40", ":4");
    talk.check(a, "LINDEX k 0", "$2|10");
    talk.check(a, "LINDEX k -3", "$3|-20");
    talk.check(a, "LINDEX k 4", "$-1");
    talk.check(a, "LINDEX k -5", "$-1");
    talk.check(a, "LINDEX k z", "-ERR value is not an integer or out of range");
    talk.check(a, "LINDEX none z", "$-1");
    talk.check(a, "LSET k -1 41", "+OK");
    talk.check(a, "LSET k 4 41", "-ERR index out of range");
    talk.check(a, "LSET none z 41", "-ERR no such key");
    talk.check(a, "LRANGE k -2 100", "*2|$1|x|$2|41");
    talk.check(a, "LRANGE k 3 2", "*0");
    talk.check(a, "LRANGE k 4 5", "*0");
    talk.check(a, "LRANGE k -9223372036854775808 9223372036854775807", "*4|$2|10|$3|-20|$1|x|$2|41");
    talk.check(a, "LRANGE none 0 x", "-ERR value is not an integer or out of range");
    talk.check(a, "LTRIM k 1 -2", "+OK");
    talk.check(a, "LRANGE k 0 -1", "*2|$3|-20|$1|x");
    talk.check(a, "LTRIM k 5 9", "+OK");
    talk.check(a, "LLEN k", ":0");
    talk.check(a, "LTRIM k 5 9", "+OK");
}

#[test]
fn elements_are_found_inserted_and_removed() {
    let mut talk = Conversation::new();
    let a = talk.client();
    talk.check(a, "RPUSH k a b a c a", ":5");
    talk.check(a, "LINSERT k BEFORE c x", ":6");
    talk.check(a, "LINSERT k after c y", ":7");
    talk.check(a, "LINSERT k AFTER q y", ":-1");
    talk.check(a, "LINSERT none AFTER q y", ":0");
    talk.check(a, "LINSERT k BESIDE q y", "-ERR syntax error");
    talk.check(a, "LPOS k a", ":0");
    talk.check(a, "LPOS k a RANK 2", ":2");
    talk.check(a, "LPOS k a RANK -1", ":6");
    talk.check(a, "LPOS k a COUNT 0", "*3|:0|:2|:6");
    talk.check(a, "LPOS k a COUNT 2 RANK -1", "*2|:6|:2");
    talk.check(a, "LPOS k a COUNT 0 MAXLEN 3", "*2|:0|:2");
    talk.check(a, "LPOS k a RANK -1 MAXLEN 4 COUNT 0", "*1|:6");
    talk.check(a, "LPOS k q", "$-1");
    talk.check(a, "LPOS k q COUNT 1", "*0");
    talk.check(a, "LPOS none q COUNT 1", "*0");
    talk.check(a, "LPOS k q COUNT -1", "-ERR COUNT can't be negative");
    talk.check(a, "LPOS k q MAXLEN -1", "-ERR MAXLEN can't be negative");
    talk.check(a, "LPOS k q MAXLEN", "-ERR syntax error");
    talk.check(a, "LREM k -2 a", ":2");
    talk.check(a, "LRANGE k 0 -1", "*5|$1|a|$1|b|$1|x|$1|c|$1|y");
    talk.check(a, "LREM k 0 q", ":0");
    talk.check(a, "LREM k 5 a", ":1");
}

#[test]
fn elements_move_between_lists() {
    let mut talk = Conversation::new();
    let a = talk.client();
    talk.check(a, "RPUSH k a b c", ":3");
    talk.check(a, "LMOVE k k LEFT RIGHT", "$1|a");
    talk.check(a, "LRANGE k 0 -1", "*3|$1|b|$1|c|$1|a");
    talk.check(a, "RPOPLPUSH k d", "$1|a");
    talk.check(a, "LMOVE k d right left", "$1|c");
    talk.check(a, "LRANGE d 0 -1", "*2|$1|c|$1|a");
    talk.check(a, "LMOVE none d RIGHT LEFT", "$-1");
    talk.check(a, "LMOVE k d UP LEFT", "-ERR syntax error");
    talk.check(a, "SET s x", "+OK");
    talk.check(a, "LMOVE none s RIGHT LEFT", "$-1");
    talk.check(
        a,
        "LMOVE k s LEFT LEFT",
        "-WRONGTYPE Operation against a key holding the wrong kind of value",
    );
    talk.check(a, "LMOVE k k LEFT LEFT", "$1|b");
    talk.check(a, "LMPOP 2 none d LEFT COUNT 5", "*2|$1|d|*2|$1|c|$1|a");
    talk.check(a, "LMPOP 2 none d LEFT", "*-1");
    talk.check(a, "LMPOP 0 none LEFT", "-ERR numkeys should be greater than 0");
    talk.check(a, "LMPOP 2 none LEFT", "-ERR syntax error");
    talk.check(a, "LMPOP 1 none LEFT COUNT 0", "-ERR count should be greater than 0");
    talk.check(a, "LMPOP 1 none LEFT COUNT 1 COUNT 1", "-ERR syntax error");
}

#[test]
fn replies_and_effects_of_waiting_commands_that_need_not_wait() {
    let mut talk = Conversation::new();
    let a = talk.client();
    talk.check(a, "RPUSH k a b c d e f", ":6");
    talk.effects();
    talk.check(a, "BLPOP none k 0", "*2|$1|k|$1|a");
    talk.check(a, "BRPOP k 0", "*2|$1|k|$1|f");
    talk.check(a, "BLMOVE k d LEFT RIGHT 0", "$1|b");
    talk.check(a, "BRPOPLPUSH k d 0", "$1|e");
    talk.check(a, "BLMPOP 0 2 none k RIGHT COUNT 9", "*2|$1|k|*2|$1|d|$1|c");
    let effects = ["LPOP k", "RPOP k", "LMOVE k d LEFT RIGHT", "RPOPLPUSH k d", "RPOP k 2"];
    assert_eq!(talk.effects(), effects);
    talk.check(a, "BLPOP k x", "-ERR timeout is not a float or out of range");
    talk.check(a, "BLPOP k -1", "-ERR timeout is negative");
    talk.check(a, "BLPOP k -inf", "-ERR timeout is negative");
    talk.check(a, "BLPOP k 1e300", "-ERR timeout is out of range");
    talk.check(a, "BLPOP k 9223372036854775", "-ERR timeout is out of range");
}

#[test]
fn long_lists_keep_their_order() {
    let mut talk = Conversation::new();
    let a = talk.client();
    let elements: Vec<String> = (0..3000).map(|number| format!("element-{number}")).collect();
    talk.check(a, &format!("RPUSH k {}", elements.join(" ")), ":3000");
    let slice: String = elements[500..2700].iter().map(|text| format!("|${}|{text}", text.len())).collect();
    talk.check(a, "LRANGE k 500 2699", &format!("*2200{slice}"));
    talk.check(a, "LPOS k element-2999 RANK -1", ":2999");
    talk.check(a, "LTRIM k 2998 -1", "+OK");
    talk.check(a, "LRANGE k 0 -1", "*2|$12|element-2998|$12|element-2999");
}
