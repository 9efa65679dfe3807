package resp

import "bytes"

// inline reads a command given as a plain line, for people with a telnet.
func (r *Reader) inline(cmd *Command) (bool, *ProtocolError) {
	rest := r.buf[r.pos:]
	window := rest[:min(len(rest), r.limits.MaxInline+1)]
	end := bytes.IndexByte(window, '\n')
	if end < 0 {
		if len(rest) > r.limits.MaxInline {
			return false, protocolError("too big inline request")
		}
		return false, nil
	}
	line := bytes.TrimSuffix(rest[:end], []byte{'\r'})
	r.scan = end + 1
	r.text = nil // yielded before, and not ours any more
	if !r.split(line) {
		return false, protocolError("unbalanced quotes in request")
	}
	if len(r.args) == 0 {
		r.consume(cmd)
		return true, nil
	}
	if isHTTP(r.text[r.args[0].from:r.args[0].to]) {
		return false, ErrHTTP
	}
	r.yield(cmd, r.text)
	return true, nil
}

func isHTTP(word []byte) bool {
	return bytes.EqualFold(word, []byte("post")) || bytes.EqualFold(word, []byte("host:"))
}

// split cuts a line into words by the quoting rules of the Redis command line. It reports false where
// a quote is not closed, or closed in the middle of a word.
func (r *Reader) split(line []byte) bool {
	for {
		for len(line) > 0 && isSpace(line[0]) {
			line = line[1:]
		}
		if len(line) == 0 {
			return true
		}
		from, n := len(r.text), r.word(line)
		if n < 0 {
			return false
		}
		r.args = append(r.args, span{int32(from), int32(len(r.text))})
		line = line[n:]
	}
}

// word unquotes the word at the head of line into text and returns its length in line, or -1.
func (r *Reader) word(line []byte) int {
	i := 0
	for i < len(line) {
		switch c := line[i]; c {
		case ' ', '\n', '\r', '\t':
			return i + 1
		case '"', '\'':
			n := r.quoted(line[i+1:], c)
			if n < 0 {
				return -1
			}
			return i + 1 + n
		default:
			r.text = append(r.text, c)
			i++
		}
	}
	return i
}

// quoted unquotes up to the closing quote, which must end the word, and returns the length consumed.
func (r *Reader) quoted(s []byte, quote byte) int {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == quote:
			if i+1 < len(s) && !isSpace(s[i+1]) {
				return -1
			}
			return i + 1
		case s[i] == '\\' && i+1 < len(s) && quote == '"':
			c, n := unescape(s[i+1:])
			r.text = append(r.text, c)
			i += n
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == '\'':
			r.text = append(r.text, '\'')
			i++
		default:
			r.text = append(r.text, s[i])
		}
	}
	return -1
}

// unescape reads what follows a backslash and returns how many bytes it took.
func unescape(s []byte) (byte, int) {
	if s[0] == 'x' && len(s) >= 3 {
		hi, lo := hexDigit(s[1]), hexDigit(s[2])
		if hi >= 0 && lo >= 0 {
			return byte(hi<<4 | lo), 3
		}
	}
	switch s[0] {
	case 'n':
		return '\n', 1
	case 'r':
		return '\r', 1
	case 't':
		return '\t', 1
	case 'b':
		return '\b', 1
	case 'a':
		return '\a', 1
	}
	return s[0], 1
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
