package keyspace

import "github.com/troupedb/troupe/wire/resp"

// WriteCommand answers COMMAND and all its subcommands; args is the whole request, its arity checked.
func WriteCommand(w *resp.Writer, args [][]byte) {
	if len(args) == 1 {
		WriteCommandAll(w)
		return
	}
	rest := args[2:]
	switch sub := LookupSub(Lookup(args[0]), args[1]); {
	case sub == nil:
		w.Error(Unknown(args).Error())
	case sub.Name == "count":
		WriteCommandCount(w)
	case sub.Name == "docs":
		WriteCommandDocs(w, rest)
	case sub.Name == "getkeys":
		WriteCommandGetKeys(w, rest)
	case sub.Name == "getkeysandflags":
		WriteCommandGetKeysAndFlags(w, rest)
	case sub.Name == "info":
		WriteCommandInfo(w, rest)
	case sub.Name == "list":
		WriteCommandList(w, rest)
	default:
		sub.container.WriteHelp(w)
	}
}

// WriteCommandAll describes every command.
func WriteCommandAll(w *resp.Writer) {
	w.Array(len(table))
	for _, c := range table {
		writeInfo(w, c)
	}
}

// WriteCommandCount answers how many commands there are, subcommands not counted.
func WriteCommandCount(w *resp.Writer) { w.Int(int64(len(table))) }

// WriteCommandInfo describes the named commands, all without names; a name without a command gives a null.
func WriteCommandInfo(w *resp.Writer, names [][]byte) {
	if len(names) == 0 {
		WriteCommandAll(w)
		return
	}
	w.Array(len(names))
	for _, n := range names {
		if c := lookupFull(n); c != nil {
			writeInfo(w, c)
		} else {
			w.Null()
		}
	}
}

// writeInfo writes the ten elements of an entry.
func writeInfo(w *resp.Writer, c *Command) {
	w.Array(10)
	w.BulkString(c.full)
	w.Int(int64(c.Arity))
	writeNames(w, flagNames[:], uint32(c.Flags))
	w.Int(int64(c.First))
	w.Int(int64(c.Last))
	w.Int(int64(c.Step))
	writeNames(w, categoryNames[:], uint32(c.Categories))
	w.Set(len(c.Tips))
	for _, t := range c.Tips {
		w.BulkString(t)
	}
	w.Set(len(c.KeySpecs))
	for i := range c.KeySpecs {
		writeKeySpec(w, &c.KeySpecs[i])
	}
	if len(c.Subs) == 0 {
		w.Set(0)
		return
	}
	w.Array(len(c.Subs))
	for _, s := range c.Subs {
		writeInfo(w, s)
	}
}

// writeNames writes the names of the bits that are set, as a set of simple strings.
func writeNames(w *resp.Writer, names []string, bits uint32) {
	n := 0
	for i := range names {
		n += int(bits >> i & 1)
	}
	w.Set(n)
	for i, name := range names {
		if bits>>i&1 != 0 {
			w.Simple(name)
		}
	}
}

func writeKeySpec(w *resp.Writer, s *KeySpec) {
	w.Map(3)
	w.BulkString("flags")
	writeNames(w, keyFlagNames[:], uint32(s.Flags))
	if s.Unknown {
		writeUnknownSpec(w)
		return
	}
	w.BulkString("begin_search")
	if s.Keyword != "" {
		writeSpecPart(w, "keyword", specField{"keyword", s.Keyword, 0}, specField{"startfrom", "", s.StartFrom})
	} else {
		writeSpecPart(w, "index", specField{"index", "", s.Index})
	}
	w.BulkString("find_keys")
	if s.Counted {
		writeSpecPart(w, "keynum", specField{"keynumidx", "", s.NumIndex}, specField{"firstkey", "", s.FirstKey},
			specField{"keystep", "", s.Step})
	} else {
		writeSpecPart(w, "range", specField{"lastkey", "", s.LastKey}, specField{"keystep", "", s.Step},
			specField{"limit", "", s.Limit})
	}
}

func writeUnknownSpec(w *resp.Writer) {
	for _, part := range []string{"begin_search", "find_keys"} {
		w.BulkString(part)
		writeSpecPart(w, "unknown")
	}
}

// specField is a field of a key spec: text, or a number when the text is empty.
type specField struct {
	name   string
	text   string
	number int
}

func writeSpecPart(w *resp.Writer, kind string, fields ...specField) {
	w.Map(2)
	w.BulkString("type")
	w.BulkString(kind)
	w.BulkString("spec")
	w.Map(len(fields))
	for _, f := range fields {
		w.BulkString(f.name)
		if f.text != "" {
			w.BulkString(f.text)
		} else {
			w.Int(int64(f.number))
		}
	}
}
