package gateway

import (
	"embed"
	"fmt"
	"net/http"
	"path"
)

// The page at / and what it loads. It is all in the program, and asks nobody else for anything.
var (
	//go:embed page
	pageFiles embed.FS
	openAPI   = pageFile("openapi.json")
	grafana   = pageFile("grafana.json")
	assets    = loadAssets()
)

func pageFile(name string) []byte {
	body, err := pageFiles.ReadFile("page/" + name)
	if err != nil {
		panic(fmt.Sprintf("gateway: %s is not embedded: %v", name, err))
	}
	return body
}

type asset struct {
	kind string
	body []byte
}

// loadAssets is what the browser loads, by path.
func loadAssets() map[string]asset {
	all := map[string]asset{"/": {"text/html; charset=utf-8", pageFile("index.html")}}
	files, _ := pageFiles.ReadDir("page") // which is embedded
	for _, f := range files {
		if kind, ok := assetKinds[path.Ext(f.Name())]; ok {
			all["/assets/"+f.Name()] = asset{kind, pageFile(f.Name())}
		}
	}
	return all
}

var assetKinds = map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}

const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func (a asset) write(w http.ResponseWriter) {
	head := w.Header()
	head.Set("Content-Type", a.kind)
	head.Set("Content-Security-Policy", pagePolicy)
	head.Set("Cache-Control", "no-cache")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Referrer-Policy", "no-referrer")
	w.Write(a.body)
}
