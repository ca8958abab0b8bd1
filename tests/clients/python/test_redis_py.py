"""redis-py against the server at SANDERLING_URL, whose data is flushed between tests."""

import os
import threading
import unittest
import urllib.parse

import redis
import redis.asyncio

URL = os.environ.get("SANDERLING_URL")
if not URL:
    raise SystemExit("set SANDERLING_URL, or run this through python.test.mjs, which starts a server")
SERVER = urllib.parse.urlsplit(URL)

WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"
JOIN_SECONDS_MAX = 20


class Conformance:
    """The tests of one protocol version; the classes below say which."""

    protocol = 2

    def open(self, **options):
        options = {"decode_responses": True, **options}
        client = redis.Redis(host=SERVER.hostname, port=SERVER.port, protocol=self.protocol, **options)
        self.addCleanup(client.close)
        return client

    def setUp(self):
        self.redis = self.open()
        self.redis.flushall()

    def wait_until_blocked(self, name):
        for _ in range(100_000):
            if any(c["name"] == name and "b" in c["flags"] for c in self.redis.client_list()):
                return
        self.fail(f"{name} never blocked")

    def test_handshake_and_names(self):
        named = self.open(client_name="gull", db=3)
        self.assertTrue(named.ping())
        self.assertEqual(named.client_getname(), "gull")
        self.assertEqual(named.client_info()["db"], 3)
        self.assertIn("gull", [client["name"] for client in self.redis.client_list()])
        self.assertEqual(named.echo("hello"), "hello")
        self.assertIn(self.protocol, _values(self.redis.execute_command("HELLO", self.protocol)))

    def test_info_config_and_time(self):
        info = self.redis.info()
        self.assertRegex(info["redis_version"], r"^\d+\.\d+\.\d+$")
        self.assertEqual(info["role"], "master")
        self.assertGreaterEqual(info["connected_clients"], 1)
        self.assertIsInstance(info["used_memory"], int)
        self.assertIn("maxclients", self.redis.config_get("max*"))
        self.assertEqual(len(self.redis.time()), 2)
        self.assertGreater(self.redis.command_count(), 100)

    def test_strings(self):
        r = self.redis
        self.assertTrue(r.set("k", "v", ex=60))
        self.assertEqual(r.ttl("k"), 60)
        self.assertIsNone(r.set("k", "w", nx=True))
        self.assertEqual(r.set("k", "w", keepttl=True, get=True), "v")
        self.assertEqual(r.getex("k", persist=True), "w")
        self.assertEqual(r.ttl("k"), -1)
        self.assertEqual(r.incr("n", 42), 42)
        self.assertEqual(r.decr("n"), 41)
        self.assertEqual(r.incrbyfloat("n", 0.5), 41.5)
        self.assertTrue(r.mset({"a": 1, "b": 2}))
        self.assertEqual(r.mget("a", "b", "c"), ["1", "2", None])
        self.assertEqual(r.append("a", "23"), 3)
        self.assertEqual(r.getrange("a", 1, 2), "23")
        self.assertEqual(r.getdel("a"), "123")
        self.assertFalse(r.exists("a"))

    def test_keys(self):
        r = self.redis
        r.mset({"a": 1, "ab": 2, "b": 3})
        self.assertEqual(sorted(r.keys("a*")), ["a", "ab"])
        self.assertTrue(r.rename("a", "z"))
        self.assertTrue(r.copy("z", "copy"))
        self.assertTrue(r.expire("z", 100))
        self.assertFalse(r.expire("z", 50, gt=True))
        self.assertTrue(r.persist("z"))
        self.assertEqual(r.type("z"), "string")
        self.assertEqual(r.object("encoding", "z"), "int")
        self.assertEqual(r.unlink("z", "none"), 1)
        r.rpush("l", 3, 1, 2)
        self.assertEqual(r.sort("l", desc=True), ["3", "2", "1"])
        with self.assertRaisesRegex(redis.ResponseError, "no such key"):
            r.rename("none", "x")

    def test_lists(self):
        r = self.redis
        self.assertEqual(r.rpush("l", "a", "b", "c"), 3)
        self.assertEqual(r.lpush("l", "z"), 4)
        self.assertEqual(r.lrange("l", 0, -1), ["z", "a", "b", "c"])
        self.assertEqual(r.lpop("l", 2), ["z", "a"])
        self.assertEqual(r.lmove("l", "m", "LEFT", "RIGHT"), "b")
        self.assertEqual(r.linsert("l", "after", "c", "d"), 2)
        self.assertEqual(r.lpos("l", "d"), 1)
        self.assertEqual(r.lrem("l", 0, "c"), 1)
        self.assertEqual(r.lmpop(2, "none", "l", direction="LEFT"), ["l", ["d"]])

    def test_hashes(self):
        r = self.redis
        self.assertEqual(r.hset("h", mapping={"name": "gull", "legs": 2}), 2)
        self.assertEqual(r.hgetall("h"), {"name": "gull", "legs": "2"})
        self.assertEqual(r.hincrby("h", "legs", 40), 42)
        self.assertEqual(r.hmget("h", "name", "none"), ["gull", None])
        self.assertEqual(sorted(r.hkeys("h")), ["legs", "name"])
        self.assertTrue(r.hexists("h", "name"))
        self.assertEqual(r.hdel("h", "name", "none"), 1)
        self.assertEqual(dict(r.hscan_iter("h")), {"legs": "42"})

    def test_sets(self):
        r = self.redis
        self.assertEqual(r.sadd("s", 1, 2, 3), 3)
        self.assertEqual(r.sadd("t", 2, 3, 4), 3)
        self.assertEqual(set(r.sinter("s", "t")), {"2", "3"})
        self.assertEqual(set(r.sunion("s", "t")), {"1", "2", "3", "4"})
        self.assertEqual(set(r.sdiff("s", "t")), {"1"})
        self.assertEqual(set(r.smembers("s")), {"1", "2", "3"})
        self.assertEqual([bool(n) for n in r.smismember("s", ["1", "9"])], [True, False])
        self.assertEqual(r.sintercard(2, ["s", "t"]), 2)
        self.assertTrue(r.smove("s", "t", "1"))
        self.assertIn(r.spop("s"), {"2", "3"})

    def test_sorted_sets(self):
        r = self.redis
        self.assertEqual(r.zadd("z", {"ann": 1, "bob": 2.5, "cid": float("inf")}), 3)
        pairs = [tuple(pair) for pair in r.zrange("z", 0, -1, withscores=True)]
        self.assertEqual(pairs, [("ann", 1.0), ("bob", 2.5), ("cid", float("inf"))])
        self.assertEqual(r.zscore("z", "bob"), 2.5)
        self.assertIsNone(r.zscore("z", "none"))
        self.assertEqual(r.zincrby("z", 2, "ann"), 3.0)
        self.assertEqual(r.zrank("z", "bob"), 0)
        self.assertEqual(r.zrangebyscore("z", "-inf", 3), ["bob", "ann"])
        self.assertEqual(r.zrange("z", "(2.5", "+inf", byscore=True), ["ann", "cid"])
        self.assertEqual(r.zcount("z", 0, 10), 2)
        self.assertEqual(tuple(r.zpopmin("z", 1)[0]), ("bob", 2.5))
        self.assertEqual(r.zremrangebyscore("z", 0, 10), 1)
        self.assertEqual(r.zcard("z"), 1)

    def test_binary_values(self):
        r = self.open(decode_responses=False)
        every_byte = bytes(range(256)) * 2
        key = b"\x00\r\n$\xff"
        r.set(key, every_byte)
        self.assertEqual(r.get(key), every_byte)
        self.assertEqual(r.keys("*"), [key])
        r.hset("h", key, every_byte)
        self.assertEqual(r.hgetall("h"), {key: every_byte})
        r.set("empty", b"")
        self.assertEqual(r.get("empty"), b"")

    def test_large_value(self):
        r = self.open(decode_responses=False)
        large = b"sanderling" * 500_000
        self.assertTrue(r.set("large", large))
        self.assertEqual(r.get("large"), large)

    def test_pipeline_of_ten_thousand(self):
        pipeline = self.redis.pipeline(transaction=False)
        for n in range(10_000):
            pipeline.rpush("numbers", n)
        self.assertEqual(pipeline.execute(), list(range(1, 10_001)))
        self.assertEqual(self.redis.lrange("numbers", 0, -1), [str(n) for n in range(10_000)])

    def test_pipeline_with_errors(self):
        replies = self.redis.pipeline(transaction=False).set("k", "v").incr("k").get("k").execute(raise_on_error=False)
        self.assertEqual([replies[0], replies[2]], [True, "v"])
        self.assertIsInstance(replies[1], redis.ResponseError)

    def test_transactions(self):
        r, other = self.redis, self.open()
        self.assertEqual(r.pipeline().set("n", 1).incr("n").execute(), [True, 2])
        with r.pipeline() as transaction:
            transaction.watch("n")
            current = int(transaction.get("n"))
            other.set("n", 10)
            transaction.multi()
            transaction.set("n", current + 1)
            with self.assertRaises(redis.WatchError):
                transaction.execute()
        self.assertEqual(r.get("n"), "10")
        r.transaction(lambda t: (int(t.get("n")), t.multi(), t.incr("n")), "n")
        self.assertEqual(r.get("n"), "11")
        # The client reports the first refusal, which made EXEC fail.
        with self.assertRaisesRegex(redis.ResponseError, "unknown command 'NOSUCH'"):
            r.pipeline().execute_command("NOSUCH").set("n", 0).execute()
        self.assertEqual(r.get("n"), "11")

    def test_pubsub(self):
        listener = self.redis.pubsub()
        self.addCleanup(listener.close)
        listener.subscribe("news")
        listener.psubscribe("n?ws")
        listener.ssubscribe("shard")
        kinds = [self.message(listener)["type"] for _ in range(3)]
        self.assertEqual(kinds, ["subscribe", "psubscribe", "ssubscribe"])
        self.assertEqual(self.redis.pubsub_numsub("news"), [("news", 1)])
        self.assertEqual(self.redis.publish("news", "extra"), 2)
        self.assertEqual(self.redis.spublish("shard", "local"), 1)
        heard = [self.message(listener) for _ in range(3)]
        self.assertEqual([m["type"] for m in heard], ["message", "pmessage", "smessage"])
        self.assertEqual([m["data"] for m in heard], ["extra", "extra", "local"])
        self.assertEqual(heard[1]["pattern"], "n?ws")
        listener.unsubscribe()
        self.assertEqual(self.message(listener)["type"], "unsubscribe")

    def message(self, listener):
        message = listener.get_message(timeout=JOIN_SECONDS_MAX)
        self.assertIsNotNone(message, "a message was expected")
        return message

    def test_blocking_pops(self):
        replies = {}
        threads = []
        calls = {
            "first": lambda r: r.blpop(["a", "b"], timeout=0),
            "second": lambda r: r.brpop("a", timeout=0),
            "mover": lambda r: r.blmove("from", "to", timeout=0),
            "lowest": lambda r: r.bzpopmin("z", timeout=0),
        }
        for name, call in calls.items():
            client = self.open(client_name=name, socket_timeout=JOIN_SECONDS_MAX)
            thread = threading.Thread(target=lambda n=name, c=call, r=client: replies.__setitem__(n, c(r)))
            thread.start()
            threads.append(thread)
            self.wait_until_blocked(name)
        self.redis.rpush("a", "1", "2")
        self.redis.rpush("from", "job")
        self.redis.zadd("z", {"high": 2, "low": 1})
        for thread in threads:
            thread.join(JOIN_SECONDS_MAX)
        self.assertEqual(tuple(replies["first"]), ("a", "1"))
        self.assertEqual(tuple(replies["second"]), ("a", "2"))
        self.assertEqual(replies["mover"], "job")
        self.assertEqual(tuple(replies["lowest"]), ("z", "low", 1.0))
        self.assertIsNone(self.redis.blpop("nothing", timeout=0.01))

    def test_scan_iterators(self):
        pipeline = self.redis.pipeline(transaction=False)
        for n in range(1500):
            pipeline.set(f"key:{n}", n).sadd("set", n).zadd("zset", {n: n}).hset("hash", n, n)
        pipeline.execute()
        self.assertEqual(len(set(self.redis.scan_iter("key:*", count=50))), 1500)
        self.assertEqual(len(set(self.redis.scan_iter(_type="hash"))), 1)
        self.assertEqual(len(set(self.redis.sscan_iter("set"))), 1500)
        self.assertEqual(len({tuple(pair) for pair in self.redis.zscan_iter("zset")}), 1500)
        self.assertEqual(len(dict(self.redis.hscan_iter("hash"))), 1500)

    def test_errors(self):
        self.redis.rpush("list", "x")
        with self.assertRaisesRegex(redis.ResponseError, f"^{WRONG_TYPE}$"):
            self.redis.get("list")
        with self.assertRaisesRegex(redis.ResponseError, "^value is not an integer or out of range$"):
            self.redis.set("text", "abc")
            self.redis.incr("text")
        with self.assertRaisesRegex(redis.ResponseError, "^unknown command 'NOSUCH', with args beginning with: 'a' $"):
            self.redis.execute_command("NOSUCH", "a")
        with self.assertRaisesRegex(redis.ResponseError, "^wrong number of arguments for 'get' command$"):
            self.redis.execute_command("GET")
        with self.assertRaisesRegex(redis.ResponseError, "^syntax error$"):
            self.redis.execute_command("SET", "k", "v", "NOSUCH")

    def test_databases(self):
        second = self.open(db=1)
        self.redis.set("k", "zero")
        second.set("k", "one")
        self.assertEqual((self.redis.get("k"), second.get("k")), ("zero", "one"))
        self.redis.swapdb(0, 1)
        self.assertEqual(self.redis.get("k"), "one")
        second.flushdb()
        self.assertEqual((self.redis.dbsize(), second.dbsize()), (1, 0))

    def test_reconnects_after_client_kill(self):
        victim = self.open(client_name="victim", single_connection_client=True)
        self.assertEqual(self.redis.client_kill_filter(_id=victim.client_id()), 1)
        self.assertTrue(victim.ping())
        self.assertEqual(victim.client_getname(), "victim")

    def test_a_lock(self):
        # redis-py's lock releases with a script; taking and losing it needs none.
        self.assertTrue(self.redis.lock("lock", timeout=60).acquire(blocking=False))
        self.assertFalse(self.redis.lock("lock", timeout=60).acquire(blocking=False))
        self.assertGreater(self.redis.pttl("lock"), 0)


def _values(reply):
    return list(reply.values()) if isinstance(reply, dict) else reply


class Resp2(Conformance, unittest.TestCase):
    protocol = 2


class Resp3(Conformance, unittest.TestCase):
    protocol = 3

    def test_types_of_the_protocol(self):
        self.redis.zadd("z", {"m": 1.5})
        self.assertEqual(self.redis.execute_command("ZINCRBY", "z", 1, "m"), 2.5)
        self.redis.hset("h", "f", "v")
        self.assertEqual(self.redis.execute_command("HGETALL", "h"), {"f": "v"})


class Asyncio(unittest.IsolatedAsyncioTestCase):
    """redis-py's asyncio client shares the parser but not the connection code."""

    async def test_commands_pipelines_and_pubsub(self):
        async with redis.asyncio.Redis.from_url(URL, decode_responses=True) as r:
            await r.flushall()
            async with r.pipeline() as pipeline:
                replies = await pipeline.set("k", "v").get("k").incr("n").execute()
            self.assertEqual(replies, [True, "v", 1])
            async with r.pubsub() as listener:
                await listener.subscribe("news")
                self.assertEqual((await listener.get_message(timeout=JOIN_SECONDS_MAX))["type"], "subscribe")
                self.assertEqual(await r.publish("news", "hello"), 1)
                self.assertEqual((await listener.get_message(timeout=JOIN_SECONDS_MAX))["data"], "hello")
            self.assertEqual([key async for key in r.scan_iter("k*")], ["k"])


if __name__ == "__main__":
    unittest.main()
