package rest

import (
	"encoding/base64"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/troupedb/troupe/wire/resp"
)

// AppendAnswer appends the object for a reply. With b64 its strings are in base64.
func AppendAnswer(dst []byte, v resp.Value, b64 bool) []byte {
	if v.Kind == resp.Error {
		return AppendError(dst, string(v.Str))
	}
	dst = append(dst, `{"result":`...)
	if v.Kind == resp.Simple && string(v.Str) == "OK" {
		return append(dst, `"OK"}`...)
	}
	return append(appendValue(dst, v, b64), '}')
}

// AppendAnswers appends the array of objects for the replies to a pipeline.
func AppendAnswers(dst []byte, replies []resp.Value, b64 bool) []byte {
	dst = append(dst, '[')
	for i, v := range replies {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendAnswer(dst, v, b64)
	}
	return append(dst, ']')
}

// AppendError appends the object for an error line, which begins with its code.
func AppendError(dst []byte, line string) []byte {
	dst = appendText(append(dst, `{"error":`...), []byte(line))
	if f := Judge(line).Applied; f != "" {
		dst = append(append(dst, `,"applied":"`...), f...)
		dst = append(dst, '"')
	}
	return append(dst, '}')
}

func appendValue(dst []byte, v resp.Value, b64 bool) []byte {
	switch v.Kind {
	case resp.Null:
		return append(dst, "null"...)
	case resp.Integer:
		return strconv.AppendInt(dst, v.Int, 10)
	case resp.Boolean:
		return strconv.AppendBool(dst, v.Int != 0)
	case resp.Double:
		return appendDouble(dst, v.Float)
	case resp.Error:
		return AppendError(dst, string(v.Str))
	case resp.Array, resp.Set, resp.Push, resp.Map:
		return appendItems(dst, v.Items, b64)
	}
	if b64 {
		return appendBase64(dst, v.Str)
	}
	return appendText(dst, v.Str)
}

func appendItems(dst []byte, items []resp.Value, b64 bool) []byte {
	dst = append(dst, '[')
	for i, item := range items {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendValue(dst, item, b64)
	}
	return append(dst, ']')
}

// appendDouble writes what JSON has no number for as a string, as Redis spells it.
func appendDouble(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, `"nan"`...)
	case math.IsInf(f, 1):
		return append(dst, `"inf"`...)
	case math.IsInf(f, -1):
		return append(dst, `"-inf"`...)
	}
	return strconv.AppendFloat(dst, f, 'g', -1, 64)
}

func appendBase64(dst, s []byte) []byte {
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, s)
	return append(dst, '"')
}

const hexDigits = "0123456789abcdef"

// appendText writes a JSON string. What is not UTF-8 becomes U+FFFD: base64 is for those who mind.
func appendText(dst, s []byte) []byte {
	dst = append(dst, '"')
	for len(s) > 0 {
		c := s[0]
		if c < utf8.RuneSelf {
			dst, s = appendASCII(dst, c), s[1:]
			continue
		}
		r, n := utf8.DecodeRune(s)
		dst, s = utf8.AppendRune(dst, r), s[n:]
	}
	return append(dst, '"')
}

func appendASCII(dst []byte, c byte) []byte {
	switch {
	case c == '"' || c == '\\':
		return append(dst, '\\', c)
	case c == '\n':
		return append(dst, '\\', 'n')
	case c == '\r':
		return append(dst, '\\', 'r')
	case c == '\t':
		return append(dst, '\\', 't')
	case c < ' ' || c == 0x7f || c == '<' || c == '>' || c == '&': // the last three in case a page includes it
		return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
	}
	return append(dst, c)
}
