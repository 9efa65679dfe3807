package rest

import (
	"encoding/base64"
	"unicode/utf8"

	"github.com/troupedb/troupe/wire/resp"
)

// What stands around a reply, and the longest that a number becomes.
const (
	aroundReply = 80
	maxNumber   = 24
)

// AnswerSize is at least the bytes that AppendAnswer appends.
func AnswerSize(v resp.Value, b64 bool) int { return aroundReply + valueSize(v, b64) }

// AnswersSize is at least the bytes that AppendAnswers appends.
func AnswersSize(replies []resp.Value, b64 bool) int {
	size := 2
	for _, v := range replies {
		size += AnswerSize(v, b64) + 1
	}
	return size
}

func valueSize(v resp.Value, b64 bool) int {
	switch v.Kind {
	case resp.Null, resp.Integer, resp.Boolean, resp.Double:
		return maxNumber
	case resp.Error:
		return aroundReply + textSize(v.Str)
	case resp.Array, resp.Set, resp.Push, resp.Map:
		size := 2
		for _, item := range v.Items {
			size += valueSize(item, b64) + 1
		}
		return size
	}
	if b64 {
		return base64.StdEncoding.EncodedLen(len(v.Str)) + 2
	}
	return textSize(v.Str)
}

func textSize(s []byte) int {
	size := 2
	for _, r := range string(s) { // of invalid bytes each is a RuneError
		if r < utf8.RuneSelf {
			size += asciiSize[r]
		} else {
			size += utf8.RuneLen(r)
		}
	}
	return size
}

// asciiSize is how long each ASCII character becomes.
var asciiSize = func() (sizes [utf8.RuneSelf]int) {
	for c := range sizes {
		sizes[c] = len(appendASCII(nil, byte(c)))
	}
	return sizes
}()
