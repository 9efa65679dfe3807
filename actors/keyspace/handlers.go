package keyspace

import "errors"

// handlers carry out the commands of a shard, by lower-case name.
var handlers map[string]handler

func init() {
	handlers = map[string]handler{
		"get":   get,
		"set":   set,
		"del":   del,
		"watch": watched,
	}
}

// everywhere are the commands on all keys of the shard: they belong to no slot.
var everywhere = map[string]bool{
	"dbsize": true, "keys": true, "scan": true, "randomkey": true, "flushall": true, "flushdb": true,
	"countkeysinslot": true, "getkeysinslot": true,
}

var errUnknown = errors.New("ERR unknown command")

// resolve finds the handler of a command with enough arguments for it.
func resolve(args [][]byte) (handler, error) {
	h := handlers[string(args[0])]
	if h == nil {
		return nil, errUnknown
	}
	return h, nil
}
