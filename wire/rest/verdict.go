package rest

import (
	"net/http"
	"strings"
)

// What Verdict.Applied says of a write.
const (
	NotApplied = "no"
	Unknown    = "unknown"
	Applied    = "yes"
)

// Verdict is what an error line means over HTTP.
type Verdict struct {
	Status  int
	Applied string // "", or one of those above
	// Again says that the same request may succeed soon, and that nothing was done.
	Again bool
}

// verdicts is the one table from the code of an error to what HTTP says of it.
var verdicts = map[string]Verdict{
	"NOAUTH":      {Status: http.StatusUnauthorized},
	"WRONGPASS":   {Status: http.StatusUnauthorized},
	"NOPERM":      {Status: http.StatusForbidden},
	"DENIED":      {Status: http.StatusForbidden},
	"CROSSSLOT":   {Status: http.StatusConflict},
	"TOOLARGE":    {Status: http.StatusRequestEntityTooLarge},
	"BUSY":        {Status: http.StatusTooManyRequests, Applied: NotApplied, Again: true},
	"TRYAGAIN":    {Status: http.StatusTooManyRequests, Applied: NotApplied, Again: true},
	"MOVED":       {Status: http.StatusServiceUnavailable, Applied: NotApplied, Again: true},
	"CLUSTERDOWN": {Status: http.StatusServiceUnavailable, Applied: NotApplied, Again: true},
	"NOREPLICAS":  {Status: http.StatusServiceUnavailable, Applied: NotApplied},
	"MISCONF":     {Status: http.StatusServiceUnavailable, Applied: NotApplied},
	"OOM":         {Status: http.StatusServiceUnavailable, Applied: NotApplied},
	"UNBLOCKED":   {Status: http.StatusServiceUnavailable, Applied: NotApplied},
	"IDEMPOTENCY": {Status: http.StatusUnprocessableEntity, Applied: NotApplied},
	"APPLIED":     {Status: http.StatusConflict, Applied: Applied},
	"UNKNOWN":     {Status: http.StatusServiceUnavailable, Applied: Unknown},
}

// discarded begins the error line of a transaction for which the server, not the client, is the reason.
const discarded = "EXECABORT Transaction discarded because of: "

// Judge tells what an error line means. What is not in the table is the client's mistake.
func Judge(line string) Verdict {
	line = strings.TrimPrefix(line, discarded)
	code, _, _ := strings.Cut(line, " ")
	if v, ok := verdicts[code]; ok {
		return v
	}
	return Verdict{Status: http.StatusBadRequest}
}
