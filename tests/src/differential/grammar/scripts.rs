//! Scripts and functions for the fuzzer.

use super::super::operation::{Args, to_args};
use super::{Grammar, values};
use crate::random::Random;

/// Scripts that hand on what a command replies: their words are the command.
pub(super) const HANDING_ON: [&str; 6] = [
    "return redis.call(unpack(ARGV))",
    "return redis.pcall(unpack(ARGV))",
    "redis.setresp(3) return redis.call(unpack(ARGV))",
    "redis.setresp(3) return redis.pcall(unpack(ARGV))",
    "local reply = redis.call(unpack(ARGV)) redis.setresp(3) return reply",
    "#!lua\nlocal ok, reply = pcall(redis.call, unpack(ARGV)) if ok then return reply end return {err = reply}",
];

/// A library whose functions hand on as well.
pub(super) const LIBRARY: &str = "#!lua name=fuzz\n\
    redis.register_function('hand_on', function(keys, args) return redis.call(unpack(args)) end)\n\
    redis.register_function('hand_on_3', function(keys, args) redis.setresp(3) return redis.pcall(unpack(args)) end)\n\
    redis.register_function{function_name = 'read_on', flags = {'no-writes'},\n\
      callback = function(keys, args) return redis.call(unpack(args)) end}\n\
    redis.register_function('keys_and_args', function(keys, args) return {keys, args} end)";

/// The functions of the library that hand on.
pub(super) const FUNCTIONS_HANDING_ON: [&str; 3] = ["hand_on", "hand_on_3", "read_on"];

/// Scripts that do several things, with two keys and two words.
const SEVERAL: &[&str] = &[
    "return {KEYS, ARGV}",
    "return redis.call('set', KEYS[1], ARGV[1])",
    "redis.call('set', KEYS[1], ARGV[1]) return redis.call('incr', KEYS[1])",
    "redis.call('rpush', KEYS[1], unpack(ARGV)) return redis.call('lrange', KEYS[1], 0, -1)",
    "redis.call('sadd', KEYS[1], ARGV[1]) return {redis.call('scard', KEYS[1]), redis.call('type', KEYS[1])}",
    "local n = redis.call('incr', KEYS[1]) if n > 2 then redis.call('del', KEYS[1]) end return n",
    "local v = redis.call('get', KEYS[1]) if v then return redis.call('set', KEYS[2], v) end return v",
    "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end",
    "local t = redis.call('hgetall', KEYS[1]) return #t",
    "redis.call('hset', KEYS[1], ARGV[1], ARGV[2]) redis.setresp(3) return redis.call('hget', KEYS[1], ARGV[1])",
    "redis.setresp(3) local m = redis.call('hgetall', KEYS[1]) local n = 0 for k in pairs(m.map) do n = n + 1 end return n",
    "redis.call('zadd', KEYS[1], 1.5, ARGV[1]) redis.setresp(3) return redis.call('zscore', KEYS[1], ARGV[1])",
    "local e = redis.pcall('lpush', KEYS[1], ARGV[1]) if type(e) == 'table' then return e.err end return e",
    "local ok, e = pcall(redis.call, 'incr', KEYS[1]) return {ok, e}",
    "for i = 1, 10 do redis.call('rpush', KEYS[1], i) end return redis.call('lrange', KEYS[1], 0, -1)",
    "redis.call('select', 3) redis.call('set', KEYS[1], ARGV[1]) return redis.call('exists', KEYS[2])",
    "redis.call('set', KEYS[1], 1) error(ARGV[1])",
    "redis.call('set', KEYS[1], 1) return redis.error_reply(ARGV[1])",
    "return redis.status_reply(ARGV[1])",
    "return {err = ARGV[1]}",
    "return {ok = ARGV[1]}",
    "return {double = tonumber(ARGV[1])}",
    "return {map = {[ARGV[1]] = ARGV[2]}}",
    "return {set = {[ARGV[1]] = true}}",
    "return {big_number = ARGV[1]}",
    "return {verbatim_string = {format = ARGV[1], string = ARGV[2]}}",
    "return {ARGV[1], {ok = 'x'}, {err = 'ERR y'}, {double = 0.5}, {map = {a = 1}}, false, true, 3.7}",
    "redis.setresp(3) return {true, false, {set = {a = true}}}",
    "return tonumber(ARGV[1])",
    "return ARGV[1] == ARGV[2]",
    "return #ARGV[1]",
    "return redis.sha1hex(ARGV[1])",
    "return nosuch",
    "nosuch = 1",
    "return redis.nosuch",
    "redis.nosuch = 1",
    "return cjson.encode({ARGV[1], tonumber(ARGV[1]), {a = ARGV[2]}, cjson.null})",
    "local ok, v = pcall(cjson.decode, ARGV[1]) return {ok, tostring(v)}",
    "return cmsgpack.unpack(cmsgpack.pack({ARGV[1], 1, 1.5, true}))",
    "return {string.byte(ARGV[1], 1, -1)}",
    "return string.format('%q %s %5.2f', ARGV[1], ARGV[2], 1.005)",
    "return redis.call('get', KEYS[1], 'x')",
    "return redis.call(ARGV[1])",
    "return redis.call(KEYS, ARGV)",
    "return redis.call()",
    "return redis.call('eval', 'return 1', 0)",
    "return redis.acl_check_cmd('get', KEYS[1])",
    "return math.random(1000)",
    "local t = {} for w in string.gmatch(ARGV[1] .. ' ' .. ARGV[2], '%w+') do t[#t + 1] = w end return t",
    "table.sort(ARGV) return ARGV",
    "return bit.tohex(bit.bxor(tonumber(ARGV[1]) or 7, 255))",
    "return struct.pack('>I4s', 1, ARGV[1])",
    "return -0",
    // What a script gets of a set was compared without its order, like every reply of a set.
    "redis.call('del', KEYS[1]) redis.call('sadd', KEYS[1], 'c', #ARGV[1], 'a', 'b') return table.concat(redis.call('sort', KEYS[1], 'by', 'nosort'), ' ')",
    "redis.call('del', KEYS[1]) redis.call('sadd', KEYS[1], #ARGV[2], 2, 'x' .. #ARGV[1]) return table.concat(redis.call('sort_ro', KEYS[1], 'by', 'nosort', 'desc'), ' ')",
    // No script made anything that is no number.
    "local n = tonumber(ARGV[1]) or -(0/0) return {tostring(n), tostring(-n), tostring(math.floor(n) + 1), tostring(math.sqrt(n))}",
    "return {redis.call('echo', 0/0), redis.call('echo', -(0/0)), tostring(math.abs(0/0)), tostring(math.acos(tonumber(ARGV[1]) or 2))}",
    "local p = cmsgpack.pack(0/0, -(0/0)) return {p, struct.pack('>d', -(0/0)), tostring(cjson.decode('[nan]')[1])}",
    "return bit.tohex(255, tonumber(ARGV[1]))",
    "return {1, nil, 3}",
    "if",
    "return 'unfinished",
    "#!lua flags=no-writes\nreturn redis.call('set', KEYS[1], ARGV[1])",
    "#!lua flags=no-writes\nreturn redis.call('exists', KEYS[1], KEYS[2])",
    "#!lua flags=bogus\nreturn 1",
    "#!js\nreturn 1",
];

impl Grammar {
    /// A request that runs a script or has to do with scripts.
    pub(super) fn scripted(&mut self) -> Args {
        match self.random.below(10) {
            0..=5 => self.handed_on(),
            6 => self.managing(),
            _ => {
                let random = &mut self.random;
                let command = if random.one_in(6) { "EVAL_RO" } else { "EVAL" };
                let script = SEVERAL[random.below(SEVERAL.len())];
                let mut args = to_args(&[command, script, "2"]);
                args.extend([values::key(random), values::key(random)]);
                for _ in 0..2 {
                    values::value(if random.one_in(3) { "int" } else { "val" }, random, &mut args);
                }
                if random.one_in(30) {
                    args[2] = values::strange(random);
                }
                args
            }
        }
    }

    /// Another command, handed on by a script or function.
    fn handed_on(&mut self) -> Args {
        let Some(inner) = self.sound_plain() else { return to_args(&["SCRIPT", "EXISTS", "x"]) };
        let random = &mut self.random;
        let mut args = if random.one_in(3) {
            let command = if random.one_in(4) { "FCALL_RO" } else { "FCALL" };
            to_args(&[command, FUNCTIONS_HANDING_ON[random.below(3)], "0"])
        } else {
            let command = if random.one_in(5) { "EVAL_RO" } else { "EVAL" };
            to_args(&[command, HANDING_ON[random.below(HANDING_ON.len())], "0"])
        };
        args.extend(inner);
        args
    }

    fn managing(&mut self) -> Args {
        let random = &mut self.random;
        let script = SEVERAL[random.below(SEVERAL.len())];
        let digest = |random: &mut Random| {
            let digest = sanderling_core::internals::sha1(SEVERAL[random.below(SEVERAL.len())].as_bytes());
            let digest = sanderling_core::number::hexadecimal(&digest);
            if random.one_in(4) { digest.to_ascii_uppercase() } else { digest }
        };
        match random.below(12) {
            0 => to_args(&["SCRIPT", "LOAD", script]),
            1 => to_args(&["SCRIPT", "EXISTS", &digest(random), &digest(random), "x"]),
            2 if random.one_in(10) => to_args(&["SCRIPT", "FLUSH"]),
            2..=5 => {
                let mut args = to_args(&["EVALSHA", &digest(random), "2"]);
                args.extend([values::key(random), values::key(random)]);
                args.extend(to_args(&["1", "abc"]));
                args
            }
            6 => to_args(&["FUNCTION", "LOAD", "REPLACE", LIBRARY]),
            7 => to_args(&["FUNCTION", "LOAD", LIBRARY]),
            8 => to_args(&["FUNCTION", "STATS"]),
            9 => {
                let mut args = to_args(&["FCALL", "keys_and_args", "1"]);
                args.push(values::key(random));
                values::value("val", random, &mut args);
                args
            }
            10 => to_args(&["FCALL", "nosuch", "0"]),
            _ => to_args(&["FUNCTION", "DELETE", "nosuch"]),
        }
    }
}

/// The command that a script or function of ours hands on.
pub(in super::super) fn handed_on(args: &Args) -> Option<Args> {
    let (name, what) = (args.first()?.to_ascii_uppercase(), args.get(1)?);
    let known: &[&str] = match name.as_slice() {
        b"EVAL" | b"EVAL_RO" => &HANDING_ON,
        b"FCALL" | b"FCALL_RO" => &FUNCTIONS_HANDING_ON,
        _ => return None,
    };
    (known.iter().any(|known| known.as_bytes() == what) && args.len() > 3).then(|| args[3..].to_vec())
}
