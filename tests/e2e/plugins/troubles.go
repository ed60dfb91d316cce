// A plugin that gets into the troubles of real plugins: `trouble` in its configuration says which one.
package main

import (
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/alibaba/higress/plugins/wasm-go/pkg/wrapper"
	"github.com/higress-group/proxy-wasm-go-sdk/proxywasm"
	"github.com/higress-group/proxy-wasm-go-sdk/proxywasm/types"
	"github.com/tidwall/gjson"
)

type config struct {
	trouble string
	service wrapper.HttpClient
}

func main() {
	wrapper.SetCtx("troubles",
		wrapper.ParseConfigBy(parse),
		wrapper.ProcessRequestHeadersBy(onHeaders),
		wrapper.ProcessRequestBodyBy(onBody),
		wrapper.ProcessStreamDoneBy(onDone),
	)
}

func parse(json gjson.Result, c *config, log wrapper.Log) error {
	c.trouble = json.Get("trouble").String()
	c.service = wrapper.NewClusterClient(wrapper.FQDNCluster{FQDN: "helper.static", Port: 80})
	return nil
}

func onHeaders(ctx wrapper.HttpContext, c config, log wrapper.Log) types.Action {
	switch c.trouble {
	case "deep recursion":
		pattern := regexp.MustCompile("^(/[a-z]{1,40}(-[0-9]{1,90})*){1,4}$")
		_ = proxywasm.AddHttpRequestHeader("x-fits", strconv.FormatBool(pattern.MatchString(ctx.Path())))
	case "unchecked answer":
		err := c.service.Get("/owner", nil, func(status int, headers http.Header, body []byte) {
			_ = proxywasm.AddHttpRequestHeader("x-owner", headers["X-Owner"][0])
			_ = proxywasm.ResumeHttpRequest()
		}, 1000)
		if err != nil {
			return types.ActionContinue
		}
		return types.ActionPause
	case "careless accounting":
		team, _ := proxywasm.GetHttpRequestHeader("x-team")
		ctx.SetContext("team", team)
	case "long body":
		_ = proxywasm.RemoveHttpRequestHeader("content-length")
	case "environment":
		_ = proxywasm.AddHttpRequestHeader("x-zone", os.Getenv("ZONE"))
	}
	return types.ActionContinue
}

func onBody(ctx wrapper.HttpContext, c config, body []byte, log wrapper.Log) types.Action {
	switch c.trouble {
	case "late guard":
		err := c.service.Post("/may", nil, body, func(status int, headers http.Header, answer []byte) {
			if status != http.StatusOK {
				_ = proxywasm.SendHttpResponse(403, nil, []byte("forbidden"), -1)
				return
			}
			_ = proxywasm.ResumeHttpRequest()
		}, 1000)
		if err == nil {
			return types.ActionPause
		}
	case "long body":
		_ = proxywasm.ReplaceHttpRequestBody([]byte(strconv.Itoa(len(body))))
	case "kept length":
		_ = proxywasm.ReplaceHttpRequestBody([]byte("much longer than before: " + string(body)))
	case "late header":
		_ = proxywasm.AddHttpRequestHeader("x-late", "yes")
	}
	return types.ActionContinue
}

func onDone(ctx wrapper.HttpContext, c config, log wrapper.Log) {
	if c.trouble == "careless accounting" {
		log.Infof("one request more for %s", strings.Split(ctx.GetContext("team").(string), ":")[1])
	}
}
