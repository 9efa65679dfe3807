package session

import (
	"maps"
	"slices"
	"strconv"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/wire/resp"
)

// The sizes at which collections change their encoding are part of the state of each shard, as replies depend on
// them. CONFIG SET changes those of the shards that this node leads, and CONFIG GET shows them.

// limitOf is the limit that a parameter in lower case means, "" if none.
func limitOf(name string) string {
	if limit := keyspace.OldLimitNames[name]; limit != "" {
		return limit
	}
	if slices.Contains(keyspace.LimitNames[:], name) {
		return name
	}
	return ""
}

// limitParameter is the parameter of a limit as far as it is checked here.
func limitParameter(name string) (parameter, bool) {
	limit := limitOf(name)
	if limit == "" {
		return parameter{}, false
	}
	return parameter{check: func(value string) string { return keyspace.CheckLimit(limit, value) }}, true
}

// askedLimits lists the names of limits, old ones too, that one of the patterns matches.
func askedLimits(patterns [][]byte) (names []string) {
	all := slices.Concat(keyspace.LimitNames[:], slices.Sorted(maps.Keys(keyspace.OldLimitNames)))
	for _, name := range all {
		if asked(patterns, name) {
			names = append(names, name)
		}
	}
	return names
}

// setLimits carries out the part of a CONFIG SET that shards have to.
func (s *session) setLimits(limits [][]byte) {
	s.scatterAs(limits, true, func(_ *session, w *resp.Writer, _ []opRef) { w.OK() })
}

// getLimits answers a CONFIG GET of parameters of the node and of limits, which are those of the first shard: only
// where leaderships moved may shards differ.
func (s *session) getLimits(params, limits []string) {
	get := [][]byte{[]byte("getlimits")}
	s.scatterAs(get, false, func(s *session, w *resp.Writer, from []opRef) {
		if len(from) == 0 {
			limits = nil
		}
		w.Map(len(params) + len(limits))
		s.writeParameters(w, params)
		if len(from) == 0 {
			return
		}
		v, _, _ := resp.ParseReply(from[0].part.done(from[0].op))
		for _, name := range limits {
			w.BulkString(name)
			i := slices.Index(keyspace.LimitNames[:], limitOf(name))
			w.BulkString(strconv.FormatInt(v.Items[i].Int, 10))
		}
	})
}
