"""Upstash's SDKs for Python, as they are, against the endpoint that UPSTASH_REDIS_REST_URL and _TOKEN name."""

import asyncio
import time
import unittest

from upstash_ratelimit import FixedWindow, Ratelimit, SlidingWindow, TokenBucket
from upstash_redis import Redis
from upstash_redis.asyncio import Redis as AsyncRedis
from upstash_redis.errors import UpstashError


class Commands(unittest.TestCase):
    def setUp(self):
        self.redis = Redis.from_env()
        self.redis.flushall()

    def test_values(self):
        redis = self.redis
        self.assertTrue(redis.set("key", "välue", ex=60))
        self.assertEqual(redis.get("key"), "välue")
        self.assertIsNone(redis.get("none"))
        self.assertEqual(redis.ttl("key"), 60)
        self.assertEqual(redis.incr("n"), 1)
        self.assertEqual(redis.hset("hash", values={"name": "ann", "age": "7"}), 2)
        self.assertEqual(redis.hgetall("hash"), {"name": "ann", "age": "7"})
        self.assertEqual(redis.zadd("zset", {"a": 1.5, "b": 2}), 2)
        self.assertEqual(redis.zrange("zset", 0, -1, withscores=True), [("a", 1.5), ("b", 2.0)])
        self.assertEqual(redis.rpush("list", "a", "b"), 2)
        self.assertEqual(redis.lrange("list", 0, -1), ["a", "b"])
        self.assertEqual(redis.mget("key", "none"), ["välue", None])
        self.assertEqual(redis.ping(), "PONG")
        cursor, keys = redis.scan(0, match="h*", count=100)
        self.assertEqual((cursor, keys), (0, ["hash"]))

    def test_pipelines_and_transactions(self):
        pipeline = self.redis.pipeline()
        pipeline.set("a", 1)
        pipeline.incr("a")
        pipeline.get("a")
        self.assertEqual(pipeline.exec(), [True, 2, "2"])
        transaction = self.redis.multi()
        transaction.incr("a")
        transaction.incr("a")
        self.assertEqual(transaction.exec(), [3, 4])

    def test_scripts_and_errors(self):
        self.assertEqual(self.redis.eval("return {KEYS[1], ARGV[1], 1}", keys=["k"], args=["a"]), ["k", "a", 1])
        self.redis.set("key", "value")
        with self.assertRaisesRegex(UpstashError, "WRONGTYPE"):
            self.redis.lpush("key", "x")
        with self.assertRaisesRegex(UpstashError, "WRONGPASS"):
            Redis(url=self.redis._url, token="wrong").get("key")

    def test_many_at_once(self):
        async def run():
            async with AsyncRedis.from_env() as redis:
                await asyncio.gather(*(redis.incr("n") for _ in range(50)))
                return await redis.get("n")

        self.assertEqual(asyncio.run(run()), "50")


class RateLimits(unittest.TestCase):
    def setUp(self):
        self.redis = Redis.from_env()
        self.redis.flushall()

    def test_limits(self):
        days = 30 * 24 * 3600
        for limiter in (
            FixedWindow(max_requests=3, window=days),
            SlidingWindow(max_requests=3, window=days),
            TokenBucket(max_tokens=3, refill_rate=1, interval=days),
        ):
            with self.subTest(type(limiter).__name__):
                limit = Ratelimit(redis=self.redis, limiter=limiter, prefix=type(limiter).__name__)
                replies = [limit.limit("ann") for _ in range(4)]
                self.assertEqual([reply.allowed for reply in replies], [True, True, True, False])
                self.assertEqual(limit.get_remaining("ann"), 0)
                self.assertGreater(limit.get_reset("ann"), time.time())
                self.assertTrue(limit.limit("bob").allowed)


if __name__ == "__main__":
    unittest.main()
