package rest

import (
	"bytes"
	"strconv"

	"github.com/troupedb/troupe/wire/resp"
)

// AppendEvent appends the server-sent event for something that a session tells beside replies: a message as
// message,channel,payload; the status OK in quotes; and any other line as it stands. What is not UTF-8 becomes U+FFFD.
func AppendEvent(dst []byte, v resp.Value) []byte {
	text := bytes.ToValidUTF8(eventText(nil, v), []byte("\ufffd"))
	dst = append(dst, "data: "...)
	for i, c := range text {
		switch {
		case c == '\n' && i > 0 && text[i-1] == '\r': // the end of the same line
		case c == '\r' || c == '\n':
			dst = append(dst, "\ndata: "...)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, "\n\n"...)
}

func eventText(dst []byte, v resp.Value) []byte {
	switch v.Kind {
	case resp.Integer:
		return strconv.AppendInt(dst, v.Int, 10)
	case resp.Array, resp.Push:
		for i, item := range v.Items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = eventText(dst, item)
		}
		return dst
	case resp.Simple:
		if string(v.Str) == "OK" {
			return append(dst, `"OK"`...)
		}
	}
	return append(dst, v.Str...)
}
