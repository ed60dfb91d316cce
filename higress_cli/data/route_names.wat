;; A filter that stands in front of the plugin and gives it two properties under Higress's names.
;;
;; Higress's Envoy answers get_property(["route_name"]) and get_property(["cluster_name"]); upstream's Envoy has them as
;; ["xds", "route_name"] and ["xds", "cluster_name"] only. Without them the wrapper's `_match_route_` and
;; `_match_service_` rules never match, silently. What set_property stores, a filter behind this one reads.
;;
;; engines.toml holds this module in binary; a test compares the two.
(module
  (import "env" "proxy_get_property" (func $get (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_property" (func $set (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "xds\00route_name")
  (data (i32.const 48) "xds\00cluster_name")
  (global $heap (mut i32) (i32.const 1024))
  (func (export "proxy_abi_version_0_2_1"))
  ;; The host asks for memory only to hand over a property within one call: nothing needs to be kept.
  (func (export "malloc") (param $wanted i32) (result i32)
    (local $at i32)
    (if (i32.gt_u (i32.add (global.get $heap) (local.get $wanted)) (i32.const 65536))
      (then (global.set $heap (i32.const 1024))))
    (local.set $at (global.get $heap))
    (global.set $heap (i32.add (global.get $heap) (local.get $wanted)))
    (local.get $at))
  (func $copy (param $path i32) (param $length i32)
    (global.set $heap (i32.const 1024))
    (if (i32.eqz (call $get (local.get $path) (local.get $length) (i32.const 0) (i32.const 4))) (then
      (drop (call $set
        (i32.add (local.get $path) (i32.const 4)) (i32.sub (local.get $length) (i32.const 4))
        (i32.load (i32.const 0)) (i32.load (i32.const 4)))))))
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (call $copy (i32.const 16) (i32.const 14))
    (call $copy (i32.const 48) (i32.const 16))
    (i32.const 0)))
