"""redis-py over TLS: two addresses, of which the second wants a certificate, and the folder with the files."""

import sys

import redis

OPEN, MUTUAL, FOLDER = sys.argv[1:]
TRUST = {"ssl_ca_certs": f"{FOLDER}/ca.crt"}
SHOWN = {"ssl_certfile": f"{FOLDER}/client.crt", "ssl_keyfile": f"{FOLDER}/client.key"}

for protocol in (2, 3):
    client = redis.from_url(OPEN, protocol=protocol, **TRUST)
    value = bytes(range(256)) * 1000
    assert client.set("k", value) and client.get("k") == value
    with client.pipeline() as pipeline:
        for _ in range(1000):
            pipeline.incr("n")
        assert len(pipeline.execute()) == 1000
    client.delete("n")
    client.close()

assert redis.from_url(MUTUAL, **TRUST, **SHOWN).ping()
try:
    redis.from_url(MUTUAL, **TRUST).ping()
except redis.ConnectionError:
    pass
else:
    raise AssertionError("a server that wants certificates takes who has none")

print("all is well")
