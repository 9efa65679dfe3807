package gateway

import (
	"errors"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/wire/resp"
	"github.com/troupedb/troupe/wire/rest"
)

// check refuses what makes no sense where each request may be carried out by another session. In a pipeline, which
// clients make of whatever they were asked for at about the same time, only that command is refused.
func (q *request) check() error {
	if q.form == follow {
		return nil
	}
	for i, cmd := range q.cmds {
		line := unfit(cmd, q.form)
		switch {
		case line == "":
		case q.form != pipeline || q.once != nil:
			return errors.New(line)
		case q.unfit == nil:
			q.unfit = map[int]string{i: line}
		default:
			q.unfit[i] = line
		}
	}
	return nil
}

// unfit is why a command makes no sense, "" if it does.
func unfit(cmd rest.Command, f form) string {
	name := "ERR '" + string(cmd[0]) + "' "
	if isFollowed(cmd) {
		return name + "is answered with a stream of events: it is the path of a request"
	}
	if ofConnection(cmd) {
		return name + "is about a connection, and has no place in a request; POST /multi-exec is a transaction"
	}
	if c := keyspace.Lookup(cmd[0]); c != nil && f != transaction && c.Waits(cmd) {
		return name + "waits for others, which requests do not: ask again instead"
	}
	return ""
}

// fit are the commands that are carried out.
func (q *request) fit() (cmds []rest.Command) {
	if q.unfit == nil {
		return q.cmds
	}
	for i, cmd := range q.cmds {
		if q.unfit[i] == "" {
			cmds = append(cmds, cmd)
		}
	}
	return cmds
}

// all puts the errors of commands that were not carried out between the replies to the others.
func (q *request) all(replies []resp.Value) (all []resp.Value) {
	if q.unfit == nil {
		return replies
	}
	for i := range q.cmds {
		if line := q.unfit[i]; line != "" {
			all = append(all, errorReply(line))
			continue
		}
		all = append(all, replies[0])
		replies = replies[1:]
	}
	return all
}

// connectionCommands change the connection that they come on, or need it to stay.
var connectionCommands = []string{
	"auth", "hello", "reset", "quit", "readonly", "readwrite", "asking", "multi", "exec", "discard", "watch", "unwatch",
	"wait", "waitaof", // they are about what was written before on the same connection
	"unsubscribe", "punsubscribe", "ssubscribe", "sunsubscribe", "sync", "psync",
}

// clientCommands are the subcommands of CLIENT that do so. SETINFO is not among them: clients send it unasked, and it
// changes nothing that they see.
var clientCommands = []string{"reply", "setname", "no-evict", "no-touch", "once", "route", "tracking", "caching"}

func ofConnection(cmd rest.Command) bool {
	names, name := connectionCommands, cmd[0]
	if resp.Is(name, "client") && len(cmd) > 1 {
		names, name = clientCommands, cmd[1]
	}
	for _, n := range names {
		if resp.Is(name, n) {
			return true
		}
	}
	return false
}
