package rest

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/troupedb/troupe/wire/resp"
)

// drawValue draws a reply of any kind.
func drawValue(t *rapid.T, depth int) resp.Value {
	v := resp.Value{
		Kind: resp.Kind(rapid.IntRange(0, int(resp.Push)).Draw(t, "kind")),
		Str:  rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"),
		Int:  rapid.Int64().Draw(t, "int"), Float: rapid.Float64().Draw(t, "float"),
	}
	for range rapid.IntRange(0, 3-depth).Draw(t, "items") {
		v.Items = append(v.Items, drawValue(t, depth+1))
	}
	return v
}

// TestSizes: no answer is larger than was said, and text of which every byte grows is not said to be small.
func TestSizes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		replies := []resp.Value{drawValue(t, 0), drawValue(t, 0)}
		for _, b64 := range []bool{false, true} {
			if got, said := len(AppendAnswers(nil, replies, b64)), AnswersSize(replies, b64); got > said {
				t.Fatalf("%d bytes, where %d were said", got, said)
			}
		}
	})
	text := make([]byte, 1000)
	v := resp.Value{Kind: resp.Bulk, Str: text}
	if got, said := len(AppendAnswer(nil, v, false)), AnswerSize(v, false); got < 6000 || said > got+aroundReply {
		t.Errorf("%d bytes, where %d were said", got, said)
	}
}
