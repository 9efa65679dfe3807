package keyspace

import (
	"bytes"
	"strings"

	"github.com/troupedb/troupe/wire/resp"
)

// WriteCommandDocs answers what help texts are made of, for the named commands or for all. Names without a
// command are left out.
func WriteCommandDocs(w *resp.Writer, names [][]byte) {
	found := table
	if len(names) > 0 {
		found = nil
		for _, n := range names {
			if c := lookupFull(n); c != nil {
				found = append(found, c)
			}
		}
	}
	writeDocsMap(w, found)
}

func writeDocsMap(w *resp.Writer, commands []*Command) {
	w.Map(len(commands))
	for _, c := range commands {
		w.BulkString(c.full)
		writeDocs(w, c)
	}
}

func writeDocs(w *resp.Writer, c *Command) {
	fields := []struct{ name, text string }{
		{"summary", c.Summary}, {"since", c.Since}, {"group", c.Group}, {"complexity", c.Complexity},
		{"deprecated_since", c.Deprecated}, {"replaced_by", c.ReplacedBy},
	}
	n := 0
	for _, f := range fields {
		n += btoi(f.text != "")
	}
	flags := c.docFlags()
	w.Map(n + btoi(len(flags) > 0) + btoi(len(c.Subs) > 0))
	for i, f := range fields {
		if i == 4 && len(flags) > 0 {
			writeDocFlags(w, flags)
		}
		if f.text != "" {
			w.BulkString(f.name)
			w.BulkString(f.text)
		}
	}
	if len(c.Subs) > 0 {
		w.BulkString("subcommands")
		writeDocsMap(w, c.Subs)
	}
}

func (c *Command) docFlags() (flags []string) {
	if c.Deprecated != "" {
		flags = append(flags, "deprecated")
	}
	if c.System {
		flags = append(flags, "syscmd")
	}
	return flags
}

func writeDocFlags(w *resp.Writer, flags []string) {
	w.BulkString("doc_flags")
	w.Set(len(flags))
	for _, f := range flags {
		w.Simple(f)
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// WriteHelp answers the HELP subcommand of a container: two lines a subcommand.
func (c *Command) WriteHelp(w *resp.Writer) {
	w.Array(1 + 2*len(c.Subs))
	w.Simple(strings.ToUpper(c.Name) + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")
	for _, s := range c.Subs {
		if s.Name != "help" {
			writeHelpLines(w, s)
		}
	}
	writeHelpLines(w, c.subs["help"])
}

func writeHelpLines(w *resp.Writer, s *Command) {
	w.Simple(strings.TrimSpace(strings.ToUpper(s.Name) + " " + s.Args))
	w.Simple("    " + s.Summary)
}

// lookupFull finds a command by its full name, "client|id", in any case.
func lookupFull(name []byte) *Command {
	base, sub, ok := bytes.Cut(name, []byte("|"))
	if !ok {
		return Lookup(name)
	}
	return LookupSub(Lookup(base), sub)
}
