"""An in-memory Redis with the commands that plugins use: strings, counters, hashes, lists, sets, expiry."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from higress_cli.proxy_wasm.redis import Reply

_WRONG_TYPE: Final = "WRONGTYPE Operation against a key holding the wrong kind of value"
_NOT_A_NUMBER: Final = "ERR value is not an integer or out of range"
_NO_NUMBER_IN_HASH: Final = "ERR hash value is not an integer"
_SYNTAX: Final = "ERR syntax error"
_MILLISECONDS: Final = 1000
_DATABASES: Final = 16
_HIGHEST: Final = 2**63 - 1
_INTEGER: Final = re.compile(rb"0|-?[1-9][0-9]*")
_UNITS: Final = {b"EX": 1, b"PX": _MILLISECONDS}
_ANY: Final = None
_ARGUMENTS: Final[Mapping[str, tuple[int, int | None]]] = {
    "PING": (0, 1), "AUTH": (1, 2), "SELECT": (1, 1), "FLUSHALL": (0, 1), "FLUSHDB": (0, 1),
    "DEL": (1, _ANY), "UNLINK": (1, _ANY), "EXISTS": (1, _ANY), "EXPIRE": (2, 2), "PEXPIRE": (2, 2), "PERSIST": (1, 1),
    "TTL": (1, 1), "PTTL": (1, 1), "GET": (1, 1), "MGET": (1, _ANY), "SET": (2, _ANY), "SETEX": (3, 3),
    "SETNX": (2, 2), "MSET": (2, _ANY), "INCR": (1, 1), "DECR": (1, 1), "INCRBY": (2, 2), "DECRBY": (2, 2),
    "HSET": (3, _ANY), "HMSET": (3, _ANY), "HGET": (2, 2), "HMGET": (2, _ANY), "HGETALL": (1, 1), "HKEYS": (1, 1),
    "HVALS": (1, 1), "HLEN": (1, 1), "HEXISTS": (2, 2), "HDEL": (2, _ANY), "HINCRBY": (3, 3),
    "LPUSH": (2, _ANY), "RPUSH": (2, _ANY), "LPOP": (1, 2), "RPOP": (1, 2), "LLEN": (1, 1), "LRANGE": (3, 3),
    "LINDEX": (2, 2), "SADD": (2, _ANY), "SREM": (2, _ANY), "SISMEMBER": (2, 2), "SMEMBERS": (1, 1), "SCARD": (1, 1),
}  # fmt: skip
"""The fewest and the most arguments of each command."""
_GONE, _FOREVER = -2, -1

Value = bytes | dict[bytes, bytes] | list[bytes] | set[bytes]
Words = list[bytes]
Kind = TypeVar("Kind", dict[bytes, bytes], list[bytes], set[bytes])


class RedisError(Exception):
    """An error reply."""


class RedisStore:
    """Keys and values; `now` returns the time in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._values: dict[bytes, Value] = {}
        self._ends: dict[bytes, float] = {}
        self._commands: Mapping[str, Callable[[Words], Reply]] = {
            name.removeprefix("do_").upper(): getattr(self, name) for name in dir(self) if name.startswith("do_")
        }

    def lacks(self, words: Sequence[bytes]) -> str | None:
        """The name of a command that this Redis does not have; None if it has it."""
        name = _name_of(words)
        return None if name in self._commands else name

    def run(self, words: Sequence[bytes]) -> Reply:
        """The reply to a command."""
        name = _name_of(words)
        command = self._commands.get(name)
        if command is None:
            return RedisError(f"ERR unknown command '{name}': hgw's own Redis does not have it, a real one may")
        arguments = list(words[1:])
        fewest, most = _ARGUMENTS[name]
        try:
            if len(arguments) < fewest or (most is not None and len(arguments) > most):
                raise _wrong_number(name)
            return command(arguments)
        except RedisError as error:
            return error

    # Connections ------------------------------------------------------------------------------------------------

    def do_ping(self, words: Words) -> Reply:
        return words[0] if words else "PONG"

    def do_auth(self, _words: Words) -> Reply:
        # Any login is accepted.
        return "OK"

    def do_select(self, words: Words) -> Reply:
        if not 0 <= _integer(words[0]) < _DATABASES:
            raise RedisError("ERR DB index is out of range")
        return "OK"

    # Keys -------------------------------------------------------------------------------------------------------

    def do_del(self, words: Words) -> Reply:
        return sum(self._take(key) for key in words)

    do_unlink = do_del

    def do_exists(self, words: Words) -> Reply:
        return sum(self._get(key) is not None for key in words)

    def do_expire(self, words: Words) -> Reply:
        return self._expire(words[0], _integer(words[1]))

    def do_pexpire(self, words: Words) -> Reply:
        return self._expire(words[0], _integer(words[1]) / _MILLISECONDS)

    def do_persist(self, words: Words) -> Reply:
        return int(self._get(words[0]) is not None and self._ends.pop(words[0], None) is not None)

    def do_ttl(self, words: Words) -> Reply:
        left = self._left(words[0])
        return left if isinstance(left, int) else max(round(left), 0)

    def do_pttl(self, words: Words) -> Reply:
        left = self._left(words[0])
        return left if isinstance(left, int) else int(left * _MILLISECONDS)

    def do_flushall(self, _words: Words) -> Reply:
        self._values.clear()
        self._ends.clear()
        return "OK"

    do_flushdb = do_flushall

    # Texts and counters -----------------------------------------------------------------------------------------

    def do_get(self, words: Words) -> Reply:
        return self._text(words[0])

    def do_mget(self, words: Words) -> Reply:
        return [found if isinstance(found := self._get(key), bytes) else None for key in words]

    def do_set(self, words: Words) -> Reply:
        key, value = words[:2]
        flags, seconds = _set_options(words[2:])
        former = self._text(key) if b"GET" in flags else None
        known = self._get(key) is not None
        if (b"NX" in flags and known) or (b"XX" in flags and not known):
            return former
        end = self._ends.get(key) if b"KEEPTTL" in flags else None
        self._put(key, value)
        if end is not None:
            self._ends[key] = end
        if seconds is not None:
            self._expire(key, seconds)
        return former if b"GET" in flags else "OK"

    def do_setex(self, words: Words) -> Reply:
        seconds = _seconds(words[1], b"EX", command="setex")
        self._put(words[0], words[2])
        self._expire(words[0], seconds)
        return "OK"

    def do_setnx(self, words: Words) -> Reply:
        return int(self.do_set([words[0], words[1], b"NX"]) == "OK")

    def do_mset(self, words: Words) -> Reply:
        for key, value in _pairs(words, command="mset"):
            self._put(key, value)
        return "OK"

    def do_incr(self, words: Words) -> Reply:
        return self._add(words[0], 1)

    def do_decr(self, words: Words) -> Reply:
        return self._add(words[0], -1)

    def do_incrby(self, words: Words) -> Reply:
        return self._add(words[0], _integer(words[1]))

    def do_decrby(self, words: Words) -> Reply:
        return self._add(words[0], -_integer(words[1]))

    # Hashes, lists, sets ----------------------------------------------------------------------------------------

    def do_hset(self, words: Words) -> Reply:
        new = dict(_pairs(words[1:], command="hset"))
        found = self._typed(words[0], dict)
        added = len(new.keys() - found.keys())
        self._keep(words[0], {**found, **new})
        return added

    def do_hmset(self, words: Words) -> Reply:
        self._keep(words[0], {**self._typed(words[0], dict), **dict(_pairs(words[1:], command="hmset"))})
        return "OK"

    def do_hget(self, words: Words) -> Reply:
        return self._typed(words[0], dict).get(words[1])

    def do_hmget(self, words: Words) -> Reply:
        found = self._typed(words[0], dict)
        return [found.get(field) for field in words[1:]]

    def do_hgetall(self, words: Words) -> Reply:
        return [each for pair in self._typed(words[0], dict).items() for each in pair]

    def do_hkeys(self, words: Words) -> Reply:
        return list(self._typed(words[0], dict))

    def do_hvals(self, words: Words) -> Reply:
        return list(self._typed(words[0], dict).values())

    def do_hlen(self, words: Words) -> Reply:
        return len(self._typed(words[0], dict))

    def do_hexists(self, words: Words) -> Reply:
        return int(words[1] in self._typed(words[0], dict))

    def do_hdel(self, words: Words) -> Reply:
        found = self._typed(words[0], dict)
        gone = sum(found.pop(field, None) is not None for field in words[1:])
        self._keep(words[0], found)
        return gone

    def do_hincrby(self, words: Words) -> Reply:
        offset = _integer(words[2])
        found = self._typed(words[0], dict)
        value = _sum(_integer(found.get(words[1], b"0"), otherwise=_NO_NUMBER_IN_HASH), offset)
        self._keep(words[0], {**found, words[1]: str(value).encode()})
        return value

    def do_lpush(self, words: Words) -> Reply:
        return self._keep(words[0], [*reversed(words[1:]), *self._typed(words[0], list)])

    def do_rpush(self, words: Words) -> Reply:
        return self._keep(words[0], [*self._typed(words[0], list), *words[1:]])

    def do_lpop(self, words: Words) -> Reply:
        return self._pop(words, 0)

    def do_rpop(self, words: Words) -> Reply:
        return self._pop(words, -1)

    def do_llen(self, words: Words) -> Reply:
        return len(self._typed(words[0], list))

    def do_lindex(self, words: Words) -> Reply:
        at = _integer(words[1])
        found = self._typed(words[0], list)
        return found[at] if -len(found) <= at < len(found) else None

    def do_lrange(self, words: Words) -> Reply:
        limits = [_integer(word) for word in words[1:]]
        found = self._typed(words[0], list)
        first, last = (at + (len(found) if at < 0 else 0) for at in limits)
        return found[max(first, 0) : max(last + 1, 0)]

    def do_sadd(self, words: Words) -> Reply:
        found = self._typed(words[0], set)
        return self._keep(words[0], found | set(words[1:])) - len(found)

    def do_srem(self, words: Words) -> Reply:
        found = self._typed(words[0], set)
        return len(found) - self._keep(words[0], found - set(words[1:]))

    def do_sismember(self, words: Words) -> Reply:
        return int(words[1] in self._typed(words[0], set))

    def do_smembers(self, words: Words) -> Reply:
        return sorted(self._typed(words[0], set))

    def do_scard(self, words: Words) -> Reply:
        return len(self._typed(words[0], set))

    # Private ----------------------------------------------------------------------------------------------------

    def _get(self, key: bytes) -> Value | None:
        end = self._ends.get(key)
        if end is not None and end <= self._now():
            self._take(key)
        return self._values.get(key)

    def _put(self, key: bytes, value: Value) -> None:
        self._values[key] = value
        self._ends.pop(key, None)

    def _take(self, key: bytes) -> bool:
        self._ends.pop(key, None)
        return self._values.pop(key, None) is not None

    def _text(self, key: bytes) -> bytes | None:
        found = self._get(key)
        if found is not None and not isinstance(found, bytes):
            raise RedisError(_WRONG_TYPE)
        return found

    def _typed(self, key: bytes, kind: type[Kind]) -> Kind:
        """The value, an empty one that is not kept if there is none."""
        found = self._get(key)
        if found is None:
            return kind()
        if not isinstance(found, kind):
            raise RedisError(_WRONG_TYPE)
        return found

    def _keep(self, key: bytes, value: dict[bytes, bytes] | list[bytes] | set[bytes]) -> int:
        """Keep what a key has now, as long as before, and return how much that is. An empty value is no value."""
        if value:
            self._values[key] = value
        else:
            self._take(key)
        return len(value)

    def _pop(self, words: Words, at: int) -> Reply:
        count = _integer(words[1]) if len(words) > 1 else None
        if count is not None and count < 0:
            raise RedisError("ERR value is out of range, must be positive")
        is_known = self._get(words[0]) is not None
        found = self._typed(words[0], list)
        taken = [found.pop(at) for _each in range(min(1 if count is None else count, len(found)))]
        self._keep(words[0], found)
        if count is not None:
            return taken if is_known else None
        return taken[0] if taken else None

    def _add(self, key: bytes, offset: int) -> int:
        value = _sum(_integer(self._text(key) or b"0"), offset)
        self._values[key] = str(value).encode()
        return value

    def _expire(self, key: bytes, seconds: float) -> int:
        if self._get(key) is None:
            return 0
        self._ends[key] = self._now() + seconds
        return 1

    def _left(self, key: bytes) -> float | int:
        if self._get(key) is None:
            return _GONE
        end = self._ends.get(key)
        return _FOREVER if end is None else end - self._now()


def _name_of(words: Sequence[bytes]) -> str:
    return words[0].decode("utf-8", "replace").upper() if words else ""


def _integer(word: bytes, *, otherwise: str = _NOT_A_NUMBER) -> int:
    """The number that Redis reads in a word: decimal, without leading zeros, of 64 bits."""
    if not _INTEGER.fullmatch(word) or not -_HIGHEST - 1 <= int(word) <= _HIGHEST:
        raise RedisError(otherwise)
    return int(word)


def _sum(number: int, offset: int) -> int:
    if not -_HIGHEST - 1 <= number + offset <= _HIGHEST:
        raise RedisError("ERR increment or decrement would overflow")
    return number + offset


def _seconds(word: bytes, unit: bytes, *, command: str) -> float:
    count = _integer(word)
    if count <= 0:
        raise RedisError(f"ERR invalid expire time in '{command}' command")
    return count / _UNITS[unit]


def _set_options(words: Words) -> tuple[set[bytes], float | None]:
    """What is said after `SET key value`: the flags, and how many seconds the value is kept."""
    flags: set[bytes] = set()
    seconds = None
    rest = iter(words)
    for word in map(bytes.upper, rest):
        if word in _UNITS and seconds is None and (given := next(rest, None)) is not None:
            seconds = _seconds(given, word, command="set")
        elif word in {b"NX", b"XX", b"GET", b"KEEPTTL"}:
            flags.add(word)
        else:
            raise RedisError(_SYNTAX)
    if {b"NX", b"XX"} <= flags or (b"KEEPTTL" in flags and seconds is not None):
        raise RedisError(_SYNTAX)
    return flags, seconds


def _pairs(words: Words, *, command: str) -> list[tuple[bytes, bytes]]:
    if len(words) % 2:
        raise _wrong_number(command)
    return list(zip(words[::2], words[1::2], strict=True))


def _wrong_number(command: str) -> RedisError:
    return RedisError(f"ERR wrong number of arguments for '{command.lower()}' command")
