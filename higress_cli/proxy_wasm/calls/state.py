"""Properties, shared data, queues, metrics, foreign functions."""

from typing import Final

from higress_cli.proxy_wasm import foreign_functions, properties
from higress_cli.proxy_wasm.calls.table import Table
from higress_cli.proxy_wasm.enums import AbiStatus, MetricType
from higress_cli.proxy_wasm.guest_api import GuestApi

FUNCTIONS: Final = Table()


@FUNCTIONS.add("proxy_get_property", "iiii")
def get_property(guest: GuestApi, path_at: int, path_size: int, pointer_at: int, size_at: int) -> int:
    value = properties.get(guest, guest.vm.read(path_at, path_size))
    if value is None:
        return AbiStatus.NOT_FOUND
    guest.give(value, pointer_at, size_at)
    return AbiStatus.OK


@FUNCTIONS.add("proxy_set_property", "iiii")
def set_property(guest: GuestApi, path_at: int, path_size: int, value_at: int, value_size: int) -> int:
    path, value = guest.vm.read(path_at, path_size), guest.vm.read(value_at, value_size)
    return properties.set_value(guest, path, value)


@FUNCTIONS.add("proxy_get_shared_data", "iiiii")
def get_shared_data(guest: GuestApi, key_at: int, key_size: int, pointer_at: int, size_at: int, number_at: int) -> int:
    found = guest.shared.data.get(guest.vm.read(key_at, key_size))
    if found is None:
        return AbiStatus.NOT_FOUND
    guest.give(found[0], pointer_at, size_at)
    guest.vm.write_u32(number_at, found[1])
    return AbiStatus.OK


@FUNCTIONS.add("proxy_set_shared_data", "iiiii")
def set_shared_data(guest: GuestApi, key_at: int, key_size: int, value_at: int, value_size: int, number: int) -> int:
    key, value = guest.vm.read(key_at, key_size), guest.vm.read(value_at, value_size)
    return guest.shared.data.set(key, value, expected=number)


@FUNCTIONS.add("proxy_register_shared_queue", "iii")
def register_queue(guest: GuestApi, name_at: int, name_size: int, token_at: int) -> int:
    def tell(token: int) -> None:
        guest.surroundings.later(lambda: guest.queue_ready(token))

    token = guest.shared.queues.register(guest.vm.read(name_at, name_size), tell)
    guest.vm.write_u32(token_at, token)
    return AbiStatus.OK


@FUNCTIONS.add("proxy_resolve_shared_queue", "iiiii")
def resolve_queue(guest: GuestApi, vm_at: int, vm_size: int, name_at: int, name_size: int, token_at: int) -> int:
    guest.vm.read(vm_at, vm_size)
    token = guest.shared.queues.resolve(guest.vm.read(name_at, name_size))
    if token is None:
        return AbiStatus.NOT_FOUND
    guest.vm.write_u32(token_at, token)
    return AbiStatus.OK


@FUNCTIONS.add("proxy_enqueue_shared_queue", "iii")
def enqueue(guest: GuestApi, token: int, at: int, size: int) -> int:
    return guest.shared.queues.enqueue(token, guest.vm.read(at, size))


@FUNCTIONS.add("proxy_dequeue_shared_queue", "iii")
def dequeue(guest: GuestApi, token: int, pointer_at: int, size_at: int) -> int:
    found = guest.shared.queues.dequeue(token)
    if isinstance(found, AbiStatus):
        return found
    guest.give(found, pointer_at, size_at)
    return AbiStatus.OK


@FUNCTIONS.add("proxy_define_metric", "iiii")
def define_metric(guest: GuestApi, kind: int, name_at: int, name_size: int, id_at: int) -> int:
    if kind > MetricType.HISTOGRAM:
        return AbiStatus.BAD_ARGUMENT
    identifier = guest.shared.metrics.define(MetricType(kind), guest.vm.read(name_at, name_size))
    guest.vm.write_u32(id_at, identifier)
    return AbiStatus.OK


@FUNCTIONS.add("proxy_increment_metric", "il")
def increment_metric(guest: GuestApi, identifier: int, offset: int) -> int:
    return guest.shared.metrics.increment(identifier, offset)


@FUNCTIONS.add("proxy_record_metric", "il")
def record_metric(guest: GuestApi, identifier: int, value: int) -> int:
    return guest.shared.metrics.record(identifier, value)


@FUNCTIONS.add("proxy_get_metric", "ii")
def get_metric(guest: GuestApi, identifier: int, value_at: int) -> int:
    found = guest.shared.metrics.get(identifier)
    if isinstance(found, AbiStatus):
        return found
    guest.vm.write_u64(value_at, found)
    return AbiStatus.OK


@FUNCTIONS.add("proxy_call_foreign_function", "iiiiii")
def call_foreign(
    guest: GuestApi, name_at: int, name_size: int, at: int, size: int, pointer_at: int, size_at: int
) -> int:
    name = guest.vm.read(name_at, name_size).decode("utf-8", "replace")
    status, result = foreign_functions.call(guest, name, guest.vm.read(at, size))
    if status is not AbiStatus.NOT_FOUND and pointer_at and size_at:
        guest.give(result, pointer_at, size_at)
    return status
