"""An in-memory Redis with the commands that plugins use: strings, counters, hashes, lists, sets, expiry."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from higress_cli.proxy_wasm.redis import Reply

_WRONG_TYPE: Final = "WRONGTYPE Operation against a key holding the wrong kind of value"
_NOT_A_NUMBER: Final = "ERR value is not an integer or out of range"
_MILLISECONDS: Final = 1000
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

    def run(self, words: Sequence[bytes]) -> Reply:
        """The reply to a command."""
        name = words[0].decode("utf-8", "replace").upper() if words else ""
        command = self._commands.get(name)
        if command is None:
            return RedisError(f"ERR unknown command '{name}': hgw's own Redis does not have it, a real one may")
        try:
            return command(list(words[1:]))
        except RedisError as error:
            return error
        except (ValueError, TypeError):
            return RedisError(_NOT_A_NUMBER)
        except IndexError:
            return RedisError(f"ERR wrong number of arguments for '{name.lower()}' command")

    # Connections ------------------------------------------------------------------------------------------------

    def do_ping(self, words: Words) -> Reply:
        return words[0] if words else "PONG"

    def do_auth(self, _words: Words) -> Reply:
        # Any login is accepted.
        return "OK"

    def do_select(self, words: Words) -> Reply:
        int(words[0])
        return "OK"

    # Keys -------------------------------------------------------------------------------------------------------

    def do_del(self, words: Words) -> Reply:
        return sum(self._take(key) for key in words)

    do_unlink = do_del

    def do_exists(self, words: Words) -> Reply:
        return sum(self._get(key) is not None for key in words)

    def do_expire(self, words: Words) -> Reply:
        return self._expire(words[0], int(words[1]))

    def do_pexpire(self, words: Words) -> Reply:
        return self._expire(words[0], int(words[1]) / _MILLISECONDS)

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
        return [self._text(key) for key in words]

    def do_set(self, words: Words) -> Reply:
        key, value, options = words[0], words[1], [word.upper() for word in words[2:]]
        known = self._get(key) is not None
        if (b"NX" in options and known) or (b"XX" in options and not known):
            return None
        end = self._ends.get(key) if b"KEEPTTL" in options else None
        self._put(key, value)
        if end is not None:
            self._ends[key] = end
        for option, scale in ((b"EX", 1), (b"PX", _MILLISECONDS)):
            if option in options:
                self._expire(key, int(options[options.index(option) + 1]) / scale)
        return "OK"

    def do_setex(self, words: Words) -> Reply:
        self._put(words[0], words[2])
        self._expire(words[0], int(words[1]))
        return "OK"

    def do_setnx(self, words: Words) -> Reply:
        return int(self.do_set([words[0], words[1], b"NX"]) == "OK")

    def do_mset(self, words: Words) -> Reply:
        for key, value in zip(words[::2], words[1::2], strict=True):
            self._put(key, value)
        return "OK"

    def do_incr(self, words: Words) -> Reply:
        return self._add(words[0], 1)

    def do_decr(self, words: Words) -> Reply:
        return self._add(words[0], -1)

    def do_incrby(self, words: Words) -> Reply:
        return self._add(words[0], int(words[1]))

    def do_decrby(self, words: Words) -> Reply:
        return self._add(words[0], -int(words[1]))

    # Hashes, lists, sets ----------------------------------------------------------------------------------------

    def do_hset(self, words: Words) -> Reply:
        found = self._typed(words[0], dict)
        new = dict(zip(words[1::2], words[2::2], strict=True))
        added = len(new.keys() - found.keys())
        found.update(new)
        return added

    def do_hget(self, words: Words) -> Reply:
        return self._typed(words[0], dict).get(words[1])

    def do_hgetall(self, words: Words) -> Reply:
        return [each for pair in self._typed(words[0], dict).items() for each in pair]

    def do_hdel(self, words: Words) -> Reply:
        found = self._typed(words[0], dict)
        return sum(found.pop(field, None) is not None for field in words[1:])

    def do_hincrby(self, words: Words) -> Reply:
        found = self._typed(words[0], dict)
        value = int(found.get(words[1], b"0")) + int(words[2])
        found[words[1]] = str(value).encode()
        return value

    def do_lpush(self, words: Words) -> Reply:
        found = self._typed(words[0], list)
        found[:0] = reversed(words[1:])
        return len(found)

    def do_rpush(self, words: Words) -> Reply:
        found = self._typed(words[0], list)
        found += words[1:]
        return len(found)

    def do_lpop(self, words: Words) -> Reply:
        found = self._typed(words[0], list)
        return found.pop(0) if found else None

    def do_rpop(self, words: Words) -> Reply:
        found = self._typed(words[0], list)
        return found.pop() if found else None

    def do_llen(self, words: Words) -> Reply:
        return len(self._typed(words[0], list))

    def do_lrange(self, words: Words) -> Reply:
        found = self._typed(words[0], list)
        first, last = (int(word) + (len(found) if int(word) < 0 else 0) for word in words[1:3])
        return found[max(first, 0) : last + 1]

    def do_sadd(self, words: Words) -> Reply:
        found = self._typed(words[0], set)
        before = len(found)
        found.update(words[1:])
        return len(found) - before

    def do_srem(self, words: Words) -> Reply:
        found = self._typed(words[0], set)
        before = len(found)
        found.difference_update(words[1:])
        return before - len(found)

    def do_sismember(self, words: Words) -> Reply:
        return int(words[1] in self._typed(words[0], set))

    def do_smembers(self, words: Words) -> Reply:
        return sorted(self._typed(words[0], set))

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
        found = self._get(key)
        if found is None:
            made = kind()
            self._values[key] = made
            return made
        if not isinstance(found, kind):
            raise RedisError(_WRONG_TYPE)
        return found

    def _add(self, key: bytes, offset: int) -> int:
        value = int(self._text(key) or b"0") + offset
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
