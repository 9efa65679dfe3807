package session

import (
	"bytes"

	"github.com/troupedb/troupe/wire/resp"
)

// Replies of shards are taken apart where one command asks several of them. They come from nodes of this
// cluster; all the same, what does not parse is an empty reply and no panic.

// arrayHead reads the head of an array, and returns how many replies follow, and them.
func arrayHead(b []byte) (n int, rest []byte) {
	i := bytes.IndexByte(b, '\n')
	if i < 3 || b[0] != '*' {
		return 0, nil
	}
	for _, c := range b[1 : i-1] {
		if c < '0' || c > '9' || n > len(b) {
			return 0, nil
		}
		n = n*10 + int(c-'0')
	}
	return n, b[i+1:]
}

// replyLen is the length of the reply at the head of b.
func replyLen(b []byte) int {
	_, n, err := resp.ParseReply(b)
	if err != nil {
		return len(b)
	}
	return n
}
