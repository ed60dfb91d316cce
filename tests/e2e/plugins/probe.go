// A plugin that does what each request tells it to, and logs what came of it.
//
// The request header x-script holds a JSON object: a callback's name and the calls to make in it, each a list of the
// SDK function's name and its arguments. `return` sets what the callback returns. Calls under `request_body_end` and
// `response_body_end` are made, instead of the others, when the body is complete; those under `request_body_2` at its
// second part, and so on. Functions that the SDK does not offer have their name in the ABI.
//
//	{"request_headers": [["AddHttpRequestHeader", "x-a", "1"], ["return", "1"]], "request_body_end": []}
//
// Every line it logs begins with the value of the request header x-case: the callback with its arguments, or a call
// with its result.
package main

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"unsafe"

	_ "github.com/higress-group/nottinygc"
	"github.com/higress-group/proxy-wasm-go-sdk/proxywasm"
	"github.com/higress-group/proxy-wasm-go-sdk/proxywasm/types"
	"github.com/tidwall/gjson"
)

func main() {
	proxywasm.SetVMContext(&machine{})
}

type machine struct {
	types.DefaultVMContext
}

func (*machine) NewPluginContext(uint32) types.PluginContext {
	return &plugin{}
}

type plugin struct {
	types.DefaultPluginContext
	queue uint32
}

func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	configuration, err := proxywasm.GetPluginConfiguration()
	proxywasm.LogInfof("start|configuration|%s", told(string(configuration), err))
	p.queue, err = proxywasm.RegisterSharedQueue("probe")
	if period := gjson.GetBytes(configuration, "tick").Uint(); period > 0 {
		err = proxywasm.SetTickPeriodMilliSeconds(uint32(period))
	}
	return types.OnPluginStartStatus(err == nil)
}

// OnTick plays what streams left for a tick: for the second one, so that there is always some time between.
func (*plugin) OnTick() {
	for id, s := range waiting {
		if s.ticks++; s.ticks < 2 {
			continue
		}
		delete(waiting, id)
		if proxywasm.SetEffectiveContext(id) == nil {
			s.play("tick")
		}
	}
}

func (p *plugin) OnQueueReady(queue uint32) {
	entry, err := proxywasm.DequeueSharedQueue(queue)
	id, text, _ := strings.Cut(string(entry), " ")
	proxywasm.LogInfof("%s|queue_ready|%s", id, told(text, err))
}

func (p *plugin) NewHttpContext(id uint32) types.HttpContext {
	return &stream{id: id, plugin: p, parts: map[string]int{}}
}

//go:wasm-module env
//export proxy_set_buffer_bytes
func setBufferBytes(kind, start, size int32, data unsafe.Pointer, count int32) uint32

//go:wasm-module env
//export proxy_get_buffer_status
func getBufferStatus(kind int32, size, flags unsafe.Pointer) uint32

//go:wasm-module env
//export proxy_get_header_map_size
func getHeaderMapSize(kind int32, size unsafe.Pointer) uint32

//go:wasm-module env
//export proxy_get_status
func getStatus(code, data, size unsafe.Pointer) uint32

//go:wasm-module env
//export proxy_close_stream
func closeStream(kind int32) uint32

//go:wasm-module env
//export proxy_continue_stream
func continueStream(kind int32) uint32

var waiting = map[uint32]*stream{}

type stream struct {
	types.DefaultHttpContext
	id     uint32
	plugin *plugin
	name   string
	script gjson.Result
	action types.Action
	ticks  int
	parts  map[string]int
}

func (s *stream) OnHttpRequestHeaders(count int, end bool) types.Action {
	s.name, _ = proxywasm.GetHttpRequestHeader("x-case")
	script, _ := proxywasm.GetHttpRequestHeader("x-script")
	s.script = gjson.Parse(script)
	s.log("request_headers|end=%v", end)
	return s.play("request_headers")
}

func (s *stream) OnHttpRequestBody(size int, end bool) types.Action {
	s.log("request_body|size=%d end=%v", size, end)
	return s.play(s.phase("request_body", end))
}

func (s *stream) OnHttpRequestTrailers(count int) types.Action {
	s.log("request_trailers|count=%d", count)
	return s.play("request_trailers")
}

func (s *stream) OnHttpResponseHeaders(count int, end bool) types.Action {
	s.log("response_headers|end=%v", end)
	return s.play("response_headers")
}

func (s *stream) OnHttpResponseBody(size int, end bool) types.Action {
	s.log("response_body|size=%d end=%v", size, end)
	return s.play(s.phase("response_body", end))
}

func (s *stream) OnHttpResponseTrailers(count int) types.Action {
	s.log("response_trailers|count=%d", count)
	return s.play("response_trailers")
}

func (s *stream) OnHttpStreamDone() {
	delete(waiting, s.id)
	s.log("done|")
	s.play("done")
}

func (s *stream) phase(name string, end bool) string {
	s.parts[name]++
	for _, special := range []string{name + "_" + strconv.Itoa(s.parts[name]), name + "_end"} {
		if s.script.Get(special).Exists() && (end || special != name+"_end") {
			return special
		}
	}
	return name
}

func (s *stream) log(format string, values ...interface{}) {
	proxywasm.LogInfo(s.name + "|" + fmt.Sprintf(format, values...))
}

// play makes the calls of a callback and returns what the callback returns.
func (s *stream) play(phase string) types.Action {
	s.action = types.ActionContinue
	s.script.Get(phase).ForEach(func(_, call gjson.Result) bool {
		words := []string{}
		call.ForEach(func(_, word gjson.Result) bool {
			words = append(words, word.String())
			return true
		})
		s.do(words[0], words[1:])
		return true
	})
	return s.action
}

func (s *stream) do(name string, words []string) {
	switch name {
	case "return":
		s.action = types.Action(number(words[0]))
	case "wait_for_tick":
		s.ticks, waiting[s.id] = 0, s
	case "panic":
		panic(words[0])
	case "say":
		s.say(words[0])
	case "allocate":
		kept = append(kept, make([]byte, number(words[0])))
	default:
		if result, known := s.call(name, words); known {
			s.log("%s|%s", name, result)
		} else {
			s.log("%s|the probe does not know this", name)
		}
	}
}

var kept [][]byte

// call makes one call of the SDK and says what came back.
func (s *stream) call(name string, words []string) (string, bool) {
	if result, known := headerCall(name, words); known {
		return result, true
	}
	if result, known := bodyCall(name, words); known {
		return result, true
	}
	switch name {
	case "DispatchHttpCall":
		return s.dispatch(words), true
	case "GetHttpCallResponseHeaders":
		return told(pairs(proxywasm.GetHttpCallResponseHeaders())), true
	case "GetHttpCallResponseBody":
		return toldBytes(proxywasm.GetHttpCallResponseBody(0, 1<<20)), true
	case "GetHttpCallResponseTrailers":
		return told(pairs(proxywasm.GetHttpCallResponseTrailers())), true
	case "SendHttpResponse":
		return done(proxywasm.SendHttpResponse(uint32(number(words[0])), list(words[1]), []byte(words[2]), -1)), true
	case "SendHttpResponseWithDetail":
		status := uint32(number(words[0]))
		return done(proxywasm.SendHttpResponseWithDetail(status, words[1], list(words[2]), []byte(words[3]), -1)), true
	case "ResumeHttpRequest":
		return done(proxywasm.ResumeHttpRequest()), true
	case "ResumeHttpResponse":
		return done(proxywasm.ResumeHttpResponse()), true
	}
	return s.other(name, words)
}

// say writes a line of a level by its name.
func (s *stream) say(level string) {
	text := s.name + "|said|" + level
	switch level {
	case "trace":
		proxywasm.LogTrace(text)
	case "debug":
		proxywasm.LogDebug(text)
	case "info":
		proxywasm.LogInfo(text)
	case "warn":
		proxywasm.LogWarn(text)
	case "error":
		proxywasm.LogError(text)
	case "critical":
		proxywasm.LogCritical(text)
	}
}

func headerCall(name string, words []string) (string, bool) {
	switch name {
	case "GetHttpRequestHeaders":
		return told(pairs(proxywasm.GetHttpRequestHeaders())), true
	case "ReplaceHttpRequestHeaders":
		return done(proxywasm.ReplaceHttpRequestHeaders(list(words[0]))), true
	case "GetHttpRequestHeader":
		return told(proxywasm.GetHttpRequestHeader(words[0])), true
	case "RemoveHttpRequestHeader":
		return done(proxywasm.RemoveHttpRequestHeader(words[0])), true
	case "ReplaceHttpRequestHeader":
		return done(proxywasm.ReplaceHttpRequestHeader(words[0], words[1])), true
	case "AddHttpRequestHeader":
		return done(proxywasm.AddHttpRequestHeader(words[0], words[1])), true
	case "GetHttpRequestTrailers":
		return told(pairs(proxywasm.GetHttpRequestTrailers())), true
	case "AddHttpRequestTrailer":
		return done(proxywasm.AddHttpRequestTrailer(words[0], words[1])), true
	case "GetHttpResponseHeaders":
		return told(pairs(proxywasm.GetHttpResponseHeaders())), true
	case "ReplaceHttpResponseHeaders":
		return done(proxywasm.ReplaceHttpResponseHeaders(list(words[0]))), true
	case "GetHttpResponseHeader":
		return told(proxywasm.GetHttpResponseHeader(words[0])), true
	case "RemoveHttpResponseHeader":
		return done(proxywasm.RemoveHttpResponseHeader(words[0])), true
	case "ReplaceHttpResponseHeader":
		return done(proxywasm.ReplaceHttpResponseHeader(words[0], words[1])), true
	case "AddHttpResponseHeader":
		return done(proxywasm.AddHttpResponseHeader(words[0], words[1])), true
	case "GetHttpResponseTrailers":
		return told(pairs(proxywasm.GetHttpResponseTrailers())), true
	case "AddHttpResponseTrailer":
		return done(proxywasm.AddHttpResponseTrailer(words[0], words[1])), true
	}
	return "", false
}

func bodyCall(name string, words []string) (string, bool) {
	switch name {
	case "GetHttpRequestBody":
		return toldBytes(proxywasm.GetHttpRequestBody(number(words[0]), number(words[1]))), true
	case "AppendHttpRequestBody":
		return done(proxywasm.AppendHttpRequestBody([]byte(words[0]))), true
	case "PrependHttpRequestBody":
		return done(proxywasm.PrependHttpRequestBody([]byte(words[0]))), true
	case "ReplaceHttpRequestBody":
		return done(proxywasm.ReplaceHttpRequestBody([]byte(words[0]))), true
	case "GetHttpResponseBody":
		return toldBytes(proxywasm.GetHttpResponseBody(number(words[0]), number(words[1]))), true
	case "AppendHttpResponseBody":
		return done(proxywasm.AppendHttpResponseBody([]byte(words[0]))), true
	case "PrependHttpResponseBody":
		return done(proxywasm.PrependHttpResponseBody([]byte(words[0]))), true
	case "ReplaceHttpResponseBody":
		return done(proxywasm.ReplaceHttpResponseBody([]byte(words[0]))), true
	}
	return "", false
}

func (s *stream) other(name string, words []string) (string, bool) {
	switch name {
	case "GetProperty":
		return toldBytes(proxywasm.GetProperty(strings.Split(words[0], "/"))), true
	case "GetPropertyNumber":
		value, err := proxywasm.GetProperty(strings.Split(words[0], "/"))
		if err == nil && len(value) == 8 {
			return strconv.FormatUint(binary.LittleEndian.Uint64(value), 10), true
		}
		return told(fmt.Sprintf("%d bytes", len(value)), err), true
	case "GetPropertySize":
		value, err := proxywasm.GetProperty(strings.Split(words[0], "/"))
		return told(words[0]+" "+strconv.Itoa(len(value)), err), true
	case "SetProperty":
		return done(proxywasm.SetProperty(strings.Split(words[0], "/"), []byte(words[1]))), true
	case "GetSharedData":
		value, _, err := proxywasm.GetSharedData(words[0])
		return told(string(value), err), true
	case "SetSharedData":
		return done(proxywasm.SetSharedData(words[0], []byte(words[1]), uint32(number(words[2])))), true
	case "EnqueueSharedQueue":
		return done(proxywasm.EnqueueSharedQueue(s.plugin.queue, []byte(s.name+" "+words[0]))), true
	case "ResolveSharedQueue":
		id, err := proxywasm.ResolveSharedQueue(words[0], words[1])
		return told(strconv.FormatBool(id == s.plugin.queue), err), true
	case "CallForeignFunction":
		return toldBytes(proxywasm.CallForeignFunction(words[0], []byte(words[1]))), true
	case "SetEffectiveContext":
		return done(proxywasm.SetEffectiveContext(uint32(number(words[0])))), true
	case "DequeueSharedQueue":
		entry, err := proxywasm.DequeueSharedQueue(uint32(number(words[0])))
		return told(string(entry), err), true
	case "proxy_set_buffer_bytes":
		text := []byte(words[3] + " ")
		status := setBufferBytes(int32(number(words[0])), int32(number(words[1])), int32(number(words[2])),
			unsafe.Pointer(&text[0]), int32(len(text)-1))
		return strconv.Itoa(int(status)), true
	case "proxy_get_buffer_status":
		var size, flags uint32
		status := getBufferStatus(int32(number(words[0])), unsafe.Pointer(&size), unsafe.Pointer(&flags))
		return fmt.Sprintf("%d size=%d flags=%d", status, size, flags), true
	case "proxy_get_header_map_size":
		var size uint32
		status := getHeaderMapSize(int32(number(words[0])), unsafe.Pointer(&size))
		return fmt.Sprintf("%d positive=%v", status, size > 0), true
	case "proxy_get_status":
		var code, data, size uint32
		status := getStatus(unsafe.Pointer(&code), unsafe.Pointer(&data), unsafe.Pointer(&size))
		return fmt.Sprintf("%d code=%d size=%d", status, code, size), true
	case "proxy_close_stream":
		return strconv.Itoa(int(closeStream(int32(number(words[0]))))), true
	case "proxy_continue_stream":
		return strconv.Itoa(int(continueStream(int32(number(words[0]))))), true
	case "Counter":
		counter := proxywasm.DefineCounterMetric(words[0])
		counter.Increment(uint64(number(words[1])))
		return strconv.FormatUint(counter.Value(), 10), true
	case "Gauge":
		gauge := proxywasm.DefineGaugeMetric(words[0])
		gauge.Add(int64(number(words[1])))
		return strconv.FormatInt(gauge.Value(), 10), true
	}
	return "", false
}

// dispatch takes a cluster, headers, a body, trailers and a timeout in milliseconds; the answer plays "call".
func (s *stream) dispatch(words []string) string {
	_, err := proxywasm.DispatchHttpCall(words[0], list(words[1]), []byte(words[2]), list(words[3]),
		uint32(number(words[4])), func(headers, size, trailers int) {
			s.log("call|headers=%d size=%d trailers=%d", headers, size, trailers)
			s.play("call")
		})
	return done(err)
}

// list reads pairs: `name=value`, one in a line.
func list(text string) [][2]string {
	pairs := [][2]string{}
	for _, line := range strings.Split(text, "\n") {
		if name, value, found := strings.Cut(line, "="); found {
			pairs = append(pairs, [2]string{name, value})
		}
	}
	return pairs
}

func pairs(headers [][2]string, err error) (string, error) {
	lines := []string{}
	for _, pair := range headers {
		if pair[0] != "x-script" {
			lines = append(lines, pair[0]+"="+pair[1])
		}
	}
	return strings.Join(lines, "&"), err
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return value
}

func done(err error) string {
	return told("ok", err)
}

func toldBytes(content []byte, err error) string {
	return told(string(content), err)
}

func told(text string, err error) string {
	if err != nil {
		return "error: " + strings.TrimPrefix(err.Error(), "error status returned by host: ")
	}
	return text
}
