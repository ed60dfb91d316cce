// A stand-in for the image of httpbin: GET /get, in one static program.
package main

import (
	"encoding/json"
	"log"
	"net/http"
	"strings"
)

func main() {
	http.HandleFunc("/get", func(w http.ResponseWriter, r *http.Request) {
		headers := map[string]string{"Host": r.Host}
		for name, values := range r.Header {
			headers[name] = strings.Join(values, ",")
		}
		scheme := r.Header.Get("X-Forwarded-Proto")
		if scheme == "" {
			scheme = "http"
		}
		args := map[string]string{}
		for name, values := range r.URL.Query() {
			args[name] = values[0]
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"args": args, "headers": headers, "origin": r.RemoteAddr, "url": scheme + "://" + r.Host + r.URL.String(),
		})
	})
	log.Fatal(http.ListenAndServe(":80", nil))
}
