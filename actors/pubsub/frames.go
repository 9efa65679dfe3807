package pubsub

import "github.com/troupedb/troupe/wire/resp"

// push makes a message of strings, as subscribers are sent it in RESP3.
func push(parts ...string) []byte {
	size := 16
	for _, p := range parts {
		size += len(p) + 16
	}
	var w resp.Writer
	w.Reset(make([]byte, 0, size), 3)
	w.Push(len(parts))
	for _, p := range parts {
		w.BulkString(p)
	}
	return w.Bytes()
}

// Words that begin the confirmation of a change.
var words = [kinds][2]string{
	Channel: {"subscribe", "unsubscribe"}, Pattern: {"psubscribe", "punsubscribe"}, Shard: {"ssubscribe", "sunsubscribe"},
}

// WriteChanged writes the confirmations of a Change, a push each.
func WriteChanged(w *resp.Writer, m *Change, changed []Changed) {
	word := words[m.Kind][0]
	if m.Leave {
		word = words[m.Kind][1]
	}
	for _, c := range changed {
		writeChanged(w, word, c)
	}
}

func writeChanged(w *resp.Writer, word string, c Changed) {
	w.Push(3)
	w.BulkString(word)
	if c.None {
		w.Null()
	} else {
		w.BulkString(c.Name)
	}
	w.Int(int64(c.Count))
}
