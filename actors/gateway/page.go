package gateway

import (
	_ "embed"
	"net/http"
)

// The page at / and what it loads. It is all in the program, and asks nobody else for anything.
var (
	//go:embed page/index.html
	pageHTML []byte
	//go:embed page/app.js
	pageScript []byte
	//go:embed page/style.css
	pageStyle []byte
	//go:embed page/openapi.json
	openAPI []byte
	//go:embed page/grafana.json
	grafana []byte
)

type asset struct {
	kind string
	body []byte
}

var assets = map[string]asset{
	"/":                 {"text/html; charset=utf-8", pageHTML},
	"/assets/app.js":    {"text/javascript; charset=utf-8", pageScript},
	"/assets/style.css": {"text/css; charset=utf-8", pageStyle},
}

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
