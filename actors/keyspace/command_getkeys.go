package keyspace

import "github.com/troupedb/troupe/wire/resp"

// WriteCommandGetKeys answers the keys of the command that args is.
func WriteCommandGetKeys(w *resp.Writer, args [][]byte) {
	keys, err := keysOf(args)
	if err != nil {
		w.Error(err.Error())
		return
	}
	w.Array(len(keys))
	for _, k := range keys {
		w.Bulk(args[k.Pos])
	}
}

// WriteCommandGetKeysAndFlags answers the keys of the command that args is, each with what it is used for.
func WriteCommandGetKeysAndFlags(w *resp.Writer, args [][]byte) {
	keys, err := keysOf(args)
	if err != nil {
		w.Error(err.Error())
		return
	}
	w.Array(len(keys))
	for _, k := range keys {
		w.Array(2)
		w.Bulk(args[k.Pos])
		writeNames(w, keyFlagNames[:], uint32(k.Flags))
	}
}

func keysOf(args [][]byte) ([]Key, error) {
	c := lookupArgs(args)
	switch {
	case c == nil:
		return nil, CommandError("ERR Invalid command specified")
	case !c.HasKeys():
		return nil, CommandError("ERR The command has no key arguments")
	case c.CheckArity(args) != nil:
		return nil, CommandError("ERR Invalid number of arguments specified for command")
	}
	keys, err := c.KeysAndFlags(args)
	if err != nil || len(keys) > 0 || c.Flags&FlagNoMandatoryKeys != 0 {
		return keys, err
	}
	return nil, ErrKeys
}
