"""Threads that work for the call of hgw that has started them."""

import contextvars
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor  # noqa: TID251 -- this is the pool that the others are to use
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Workers(ThreadPoolExecutor):
    """A pool of threads that know whose call they work for, so that a Ctrl-C also ends the programs that they run."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return super().submit(partial(contextvars.copy_context().run, fn, *args, **kwargs))
