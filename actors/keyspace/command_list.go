package keyspace

import "github.com/troupedb/troupe/wire/resp"

// listFilter says which names COMMAND LIST keeps.
type listFilter func(c *Command) bool

// WriteCommandList answers the names of all commands and subcommands; args is what follows LIST:
// nothing, or FILTERBY and a condition.
func WriteCommandList(w *resp.Writer, args [][]byte) {
	keep, ok := parseListFilter(args)
	if !ok {
		w.Error("ERR syntax error")
		return
	}
	var names []string
	for _, c := range table {
		if keep(c) {
			names = append(names, c.full)
		}
		for _, s := range c.Subs {
			if keep(s) {
				names = append(names, s.full)
			}
		}
	}
	w.Array(len(names))
	for _, n := range names {
		w.BulkString(n)
	}
}

func parseListFilter(args [][]byte) (listFilter, bool) {
	if len(args) == 0 {
		return func(*Command) bool { return true }, true
	}
	if len(args) != 3 || !equalFold(args[0], "filterby") {
		return nil, false
	}
	kind, value := args[1], args[2]
	switch {
	case equalFold(kind, "module"): // no command comes from a module
		return func(*Command) bool { return false }, true
	case equalFold(kind, "aclcat"):
		cat := categoryByName(value)
		return func(c *Command) bool { return c.Categories&cat != 0 }, true
	case equalFold(kind, "pattern"):
		return func(c *Command) bool { return globMatch(value, []byte(c.full), true, globBudget) }, true
	}
	return nil, false
}
