"""What projects do with pytest-redis: it starts the server itself, one for all tests, and empties it after each."""

from pytest_redis import factories

saving_proc = factories.redis_proc(save="900 1")
saving = factories.redisdb("saving_proc")


def test_a_test_has_a_server(redisdb):
    redisdb.set("a", "1")
    assert redisdb.incr("a") == 2


def test_the_next_one_finds_it_empty(redisdb):
    assert redisdb.get("a") is None
    assert redisdb.dbsize() == 0


def test_settings_arrive(redis_proc, redisdb):
    config = redisdb.config_get("*")
    assert config["databases"] == "8"
    assert config["dbfilename"] == f"dump.{redis_proc.port}.rdb"


def test_a_server_that_saves(saving):
    assert saving.config_get("save")["save"] == "900 1"
    saving.set("a", "1")
    assert saving.save()
