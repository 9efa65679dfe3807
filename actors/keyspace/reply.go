package keyspace

import (
	"bytes"
	"strconv"
)

// Error replies as Redis words them.
const (
	errSyntax    = "ERR syntax error"
	errWrongType = "WRONGTYPE Operation against a key holding the wrong kind of value"
	errNotInt    = "ERR value is not an integer or out of range"
	errNotFloat  = "ERR value is not a valid float"
	errNoKey     = "ERR no such key"
	errSameKey   = "ERR source and destination objects are the same"
	errTooLong   = "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
	errOverflow  = "ERR increment or decrement would overflow"
	errNotFinite = "ERR increment would produce NaN or Infinity"

	errOutOfRange  = "ERR value is out of range"
	errNotPositive = "ERR value is out of range, must be positive"
	errNumKeys     = "ERR numkeys should be greater than 0"
	errManyKeys    = "ERR Number of keys can't be greater than number of args"
	errLimit       = "ERR LIMIT can't be negative"
)

// name is the name of the command, for error texts.
func (c *call) name() string { return string(bytes.ToLower(c.Args[0])) }

// int reads an argument as an integer, or answers that it is none.
func (c *call) int(arg []byte) (int64, bool) {
	n, ok := parseInt(arg)
	if !ok {
		c.W.Error(errNotInt)
	}
	return n, ok
}

// arity answers that the number of arguments is wrong.
func (c *call) arity() {
	c.W.Error("ERR wrong number of arguments for '" + c.name() + "' command")
}

// flag answers 1 or 0.
func (c *call) flag(v bool) {
	if v {
		c.W.Int(1)
	} else {
		c.W.Int(0)
	}
}

// isString tells whether e holds a string or nothing; else it answers WRONGTYPE.
func (c *call) isString(e *entry) bool {
	if e != nil && e.kind() != kindString {
		c.W.Error(errWrongType)
		return false
	}
	return true
}

// text answers a string, or null if there is none.
func (c *call) text(e *entry) {
	if e == nil {
		c.W.Null()
		return
	}
	c.W.Bulk(e.text(c.num[:]))
}

// bulkOrNull answers bytes, or null if there are none.
func (c *call) bulkOrNull(b []byte) {
	if b == nil {
		c.W.Null()
		return
	}
	c.W.Bulk(b)
}

// intIn reads an argument as an integer within bounds, or answers that it is not.
func (c *call) intIn(arg []byte, low, high int64) (int64, bool) {
	n, ok := c.int(arg)
	if ok && (n < low || n > high) {
		c.W.Error("ERR value is out of range, value must between " + strconv.FormatInt(low, 10) +
			" and " + strconv.FormatInt(high, 10))
		return 0, false
	}
	return n, ok
}

// intOr is intIn with an error text of its own, for what is no integer as well.
func (c *call) intOr(arg []byte, low, high int64, text string) (int64, bool) {
	n, ok := parseInt(arg)
	if !ok || n < low || n > high {
		c.W.Error(text)
		return 0, false
	}
	return n, true
}
