package gateway

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/actors/replica"
	"github.com/troupedb/troupe/actors/session"
	"github.com/troupedb/troupe/actors/timing"
	"github.com/troupedb/troupe/gossip"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire"
)

// twoNodes is a cluster of two shards, of which this node leads the first and another, at an HTTP address, the second.
func twoNodes(http string) *session.Routes {
	self := gossip.Node{ID: slotmap.NodeID{1}, Name: "n1", Client: "127.0.0.1:1", HTTP: "127.0.0.1:1"}
	other := gossip.Node{ID: slotmap.NodeID{2}, Name: "n2", Client: "127.0.0.1:2", HTTP: http, Zone: "z"}
	members := []slotmap.Member{{Replica: 1, Node: self.ID}, {Replica: 2, Node: other.ID}}
	gauges := &replica.Gauges{Replica: 1}
	gauges.Role.Store(uint32(replica.RoleLeader))
	gauges.Ready.Store(true)
	return &session.Routes{
		Map: slotmap.New(slotmap.Even(2), []slotmap.Shard{
			{ID: 1, Index: 1, Term: 3, Leader: 1, Members: members}, {ID: 2, Index: 1, Term: 4, Leader: 2, Members: members},
		}),
		Nodes: map[slotmap.NodeID]gossip.Node{self.ID: self, other.ID: other}, Down: map[slotmap.NodeID]bool{}, Self: self,
		Handles: map[slotmap.ShardID]*replica.Handle{1: {Shard: 1, Gauges: gauges, Budget: mailbox.NewBudget(1, 1)}},
		Cluster: slotmap.ClusterID{9},
	}
}

// document is as much of an OpenAPI document as is checked.
type document struct {
	OpenAPI string `json:"openapi"`
	Paths   map[string]map[string]struct {
		Responses map[string]struct {
			Content map[string]struct{ Schema schema }
		}
	}
	Components struct{ Schemas map[string]schema }
}

type schema struct {
	Ref        string `json:"$ref"`
	Type       string
	Required   []string
	Properties map[string]schema
	Items      *schema
	Enum       []string
}

// check reports how a value differs from a schema; a property that the schema does not name is a difference too.
func (d *document) check(s schema, v any, at string) error {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		if s, ok = d.Components.Schemas[name]; !ok {
			return fmt.Errorf("%s: no schema %s", at, name)
		}
	}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range s.Required {
			if _, ok := v[name]; !ok {
				return fmt.Errorf("%s: no %s", at, name)
			}
		}
		for name, item := range v {
			p, ok := s.Properties[name]
			if !ok || s.Type != "object" {
				return fmt.Errorf("%s: %s is not described", at, name)
			}
			if err := d.check(p, item, at+"."+name); err != nil {
				return err
			}
		}
		return nil
	case []any:
		if s.Type != "array" || s.Items == nil {
			return fmt.Errorf("%s: an array, described as %q", at, s.Type)
		}
		for i, item := range v {
			if err := d.check(*s.Items, item, fmt.Sprint(at, "[", i, "]")); err != nil {
				return err
			}
		}
		return nil
	}
	return checkScalar(s, v, at)
}

func checkScalar(s schema, v any, at string) error {
	kind := map[string]string{"string": "string", "integer": "float64", "number": "float64", "boolean": "bool"}[s.Type]
	if got := fmt.Sprintf("%T", v); got != kind {
		return fmt.Errorf("%s: %s, described as %q", at, got, s.Type)
	}
	if text, ok := v.(string); ok && len(s.Enum) > 0 && !slices.Contains(s.Enum, text) {
		return fmt.Errorf("%s: %q is none of %v", at, text, s.Enum)
	}
	return nil
}

// TestOpenAPI: what the document describes is what is answered.
func TestOpenAPI(t *testing.T) {
	b := newBed(t, ok)
	b.routes.Store(twoNodes(""))
	var doc document
	if err := json.Unmarshal(b.do("GET", "/v1/openapi.json", "").Body.Bytes(), &doc); err != nil || doc.OpenAPI == "" {
		t.Fatalf("%q, %v", doc.OpenAPI, err)
	}
	described := 0
	for path, methods := range doc.Paths {
		get, ok := methods["get"]
		of, isJSON := get.Responses["200"].Content["application/json"]
		if !ok || !strings.HasPrefix(path, "/v1/") || !isJSON || path == "/v1/openapi.json" || path == "/v1/grafana.json" {
			continue
		}
		described++
		w := b.do("GET", strings.ReplaceAll(path, "{id}", "2"), "")
		var v any
		if err := json.Unmarshal(w.Body.Bytes(), &v); w.Code != 200 || err != nil {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
			continue
		}
		if err := doc.check(of.Schema, v, path); err != nil {
			t.Error(err)
		}
	}
	if described != 6 {
		t.Errorf("%d paths of JSON are described", described)
	}
	for _, target := range []string{"/v1/shards/3", "/v1/shards/x", "/v1/", "/v1/shards/1/2"} {
		if w := b.do("GET", target, ""); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", target, w.Code)
		}
	}
	b.password = "pw"
	for _, target := range []string{"/v1/cluster", "/v1/events", "/v1/replicas"} {
		if w := b.do("GET", target, ""); w.Code != http.StatusUnauthorized {
			t.Errorf("%s without a token: %d", target, w.Code)
		}
	}
}

func TestViews(t *testing.T) {
	r := twoNodes("")
	if v := viewSlots(r); len(v) != 2 || v[0].First != 0 || v[1].Last != 16383 || v[0].Leader != r.Self.ID.String() {
		t.Errorf("%+v", v)
	}
	if v := viewNodes(r); len(v) != 2 || !slices.Equal(v[0].Leads, []uint32{1}) || !slices.Equal(v[1].Leads, []uint32{2}) || len(v[1].Holds) != 2 || v[1].Zone != "z" {
		t.Errorf("%+v", v)
	}
	if v := viewCluster(r, "v"); v.State != "ok" || v.NodesAlive != 2 || v.SlotsOwned != slotmap.Count {
		t.Errorf("%+v", v)
	}
	r.Down[slotmap.NodeID{2}] = true
	if v := viewCluster(r, "v"); v.State != "fail" || v.NodesAlive != 1 {
		t.Errorf("%+v", v)
	}
}

// TestReplicas: this node speaks first, and who says nothing is there as one that does not answer.
func TestReplicas(t *testing.T) {
	b := newBed(t, ok)
	b.routes.Store(twoNodes(""))
	two := slotmap.NodeID{2}
	get := func() (all []nodeReplicas) {
		w := b.do("GET", "/v1/replicas", "")
		if err := json.Unmarshal(w.Body.Bytes(), &all); err != nil || len(all) != 2 || all[0].Node != b.routes.Load().Self.ID.String() || !all[0].Answers {
			t.Fatalf("%s: %v", w.Body, err)
		}
		return all
	}
	below := make([]uint64, len(timing.Bounds)+1)
	below[0], below[len(below)-1] = 3, 4
	b.others = map[slotmap.NodeID]*wire.Surveyed{two: {Syncs: wire.Times{Sum: 2e9, Below: below}, Replicas: []wire.Standing{
		{Shard: 2, Replica: 5, Role: uint8(replica.RoleLeader), Term: 3, Last: 100, Commit: 89, Applied: 88},
	}}}
	want := []replicaView{{Shard: 2, Replica: 5, Role: "leader", Term: 3, Last: 100, Commit: 89, Applied: 88}}
	if all := get(); all[1].Node != two.String() || !all[1].Answers || !slices.Equal(all[1].Replicas, want) {
		t.Errorf("%+v, want %+v", all[1], want)
	}
	syncs := get()[1].Counters.Syncs
	if syncs.Count != 4 || syncs.Seconds != 2 || len(syncs.Below) != len(timing.Bounds) || syncs.Below[0] != [2]float64{1e-4, 3} {
		t.Errorf("%+v", syncs)
	}
	b.others = nil
	if all := get(); all[1].Answers || all[1].Replicas == nil {
		t.Errorf("%+v of a node that says nothing", all[1])
	}
	b.others, b.full = nil, true
	if w := b.do("GET", "/v1/replicas", ""); w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
		t.Errorf("where too many ask: %d %v", w.Code, w.Header())
	}
}

func TestDifferences(t *testing.T) {
	old, now := twoNodes(""), twoNodes("")
	two, three := slotmap.NodeID{2}, slotmap.NodeID{3}
	now.Down[two] = true
	now.Nodes[three] = gossip.Node{ID: three, Name: "n3", Client: "127.0.0.1:3"}
	now.Map, _ = now.Map.Apply(slotmap.Delta{Shard: slotmap.Shard{ID: 1, Index: 2, Term: 3, Leader: 1, Members: []slotmap.Member{
		{Replica: 1, Node: now.Self.ID}, {Replica: 3, Node: three, Learner: true},
	}}})
	before, after := pictureOf(old), pictureOf(now)
	texts := func(events []event) (out []string) {
		for _, e := range events {
			out = append(out, e.Kind+": "+e.Text)
		}
		return out
	}
	want := []string{"node: n2 is lost", "node: n3 joins", "member: shard 1 is copied to n3", "member: n2 holds shard 1 no more", "leader: shard 2 has no leader"}
	if got := texts(differences(before, after)); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	want = []string{"node: n2 is back", "node: n3 is gone", "member: n2 votes in shard 1", "leader: n2 leads shard 2"}
	got := texts(differences(after, before))
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("no %q in %q", w, got)
		}
	}
	if got := differences(before, before); got != nil {
		t.Errorf("%v", got)
	}
	// A link is lost and found again while gossip calls its node alive.
	cut := twoNodes("")
	cut.Unlinked = map[slotmap.NodeID]bool{two: true}
	broken := pictureOf(cut)
	if got := texts(differences(before, broken)); !slices.Equal(got, []string{"link: the link to n2 is broken"}) {
		t.Errorf("%q", got)
	}
	still := pictureOf(cut)
	if got := differences(broken, still); got != nil {
		t.Errorf("%v", got)
	}
	if got := texts(differences(still, before)); !slices.Equal(got, []string{"link: the link to n2 stands"}) {
		t.Errorf("%q", got)
	}
	// A node that joins, is back or was there first has no link yet, and none that broke since.
	alone, dead := twoNodes(""), twoNodes("")
	delete(alone.Nodes, two)
	dead.Down[two] = true
	lost := pictureOf(dead)
	differences(broken, lost)
	for _, c := range []struct {
		first picture
		want  []string
	}{
		{pictureOf(alone), []string{"node: n2 joins", "leader: n2 leads shard 2"}},
		{lost, []string{"node: n2 is back", "leader: n2 leads shard 2"}},
		{pictureOf(cut), nil},
	} {
		unlinked := pictureOf(cut)
		if got := texts(differences(c.first, unlinked)); !slices.Equal(got, c.want) {
			t.Errorf("%q", got)
		}
		if got := texts(differences(unlinked, before)); got != nil {
			t.Errorf("%q after %q", got, c.want)
		}
	}
	// What a node hears first is no news.
	young := twoNodes("")
	young.Map, young.Nodes = &slotmap.Map{}, nil
	if got := differences(pictureOf(young), before); got != nil {
		t.Errorf("%v", got)
	}
	// The replica here tells of another leader, and the map has not heard of it.
	elected := twoNodes("")
	before = pictureOf(elected)
	elected.Handles[1].Gauges.Role.Store(uint32(replica.RoleFollower))
	if got := texts(differences(before, pictureOf(elected))); !slices.Equal(got, []string{"leader: shard 1 has no leader"}) {
		t.Errorf("%q", got)
	}
}

// events reads a stream until it has told of some events, and returns these.
func events(t *testing.T, url, after string, n int) (got []event) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "GET", url+"/v1/events", nil)
	req.Header.Set("Last-Event-ID", after)
	resp, err := http.DefaultClient.Do(req)
	if err != nil || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); len(got) < n && lines.Scan(); {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			var e event
			if err := json.Unmarshal([]byte(data), &e); err != nil || e.At == "" {
				t.Errorf("%s: %v", data, err)
			}
			got = append(got, e)
		}
	}
	return got
}

// TestEvents: a stream tells what changes after its beginning, and ends when the node drains.
func TestEvents(t *testing.T) {
	var routes atomic.Pointer[session.Routes]
	routes.Store(twoNodes(""))
	b := newBed(t, ok)
	h := New(Config{Sessions: b, Routes: routes.Load})
	defer h.Close()
	srv := httptest.NewServer(h)
	defer srv.Close()
	resp, err := http.Get(srv.URL + "/v1/events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Scan() // the comment that opens the stream
	next := twoNodes("")
	next.Down[slotmap.NodeID{2}] = true
	routes.Store(next)
	want := []string{"n2 is lost", "shard 2 has no leader"}
	var got []string
	for len(got) < 2 && lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			got = append(got, text[strings.Index(text, `"text"`):])
		}
	}
	if len(got) != 2 || !strings.Contains(got[0], want[0]) || !strings.Contains(got[1], want[1]) {
		t.Errorf("%q", got)
	}
	all := events(t, srv.URL, "0", 2) // who comes later, and asks for what is kept
	if all[0].Text != want[0] || all[1].Text != want[1] || all[1].ID != all[0].ID+1 {
		t.Errorf("%+v", all)
	}
	if rest := events(t, srv.URL, fmt.Sprint(all[0].ID), 1); rest[0] != all[1] {
		t.Errorf("%+v after %+v", rest, all[0])
	}
	h.Drain()
	for lines.Scan() {
	}
	if err := lines.Err(); err != nil {
		t.Errorf("the stream ended with %v", err)
	}
}

// TestChronicle: the newest events are kept, and a node that starts again gives ids that come after.
func TestChronicle(t *testing.T) {
	routes := twoNodes("")
	c := newChronicle(func() *session.Routes { return routes })
	c.close()
	first := c.now.Load().last
	for i := range 3 * maxEvents {
		c.add([]event{{Text: fmt.Sprint(i)}, {}}[:1+i%2])
	}
	now := c.now.Load()
	if len(now.events) != maxEvents || now.last != first+4.5*maxEvents || now.events[maxEvents-1].ID != now.last {
		t.Errorf("%d events up to %d, after %d", len(now.events), now.last, first)
	}
	if got := now.after(now.last - 2); len(got) != 2 || got[0].ID != now.last-1 || now.after(now.last) != nil || len(now.after(0)) != maxEvents {
		t.Errorf("%+v", got)
	}
	c.add(nil)
	if c.now.Load() != now {
		t.Error("nothing happened, and there is another chapter")
	}
	select {
	case <-now.next:
		t.Error("readers are told of nothing")
	default:
	}
}

// TestPage: the page is whole, asks no other site for anything, and is forbidden to.
func TestPage(t *testing.T) {
	b := newBed(t, ok)
	b.password = "pw" // the page itself is no secret: it asks for the password
	w := b.do("GET", "/", "")
	if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	page := w.Body.String()
	loaded := submatches(`(?:src|href)="(/assets/[^"]*)"`, page)
	for path := range assets {
		w := b.do("GET", path, "")
		text := w.Body.String()
		if w.Code != 200 || !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
		if path != "/" && !slices.Contains(loaded, path) {
			t.Errorf("%s is loaded late: the page does not name it", path)
		}
		if found := regexp.MustCompile(`(https?:)?//[a-z0-9-]+\.[a-z]+`).FindString(text); found != "" {
			t.Errorf("%s speaks of %s", path, found)
		}
		for _, id := range submatches(`\$\("([a-z-]+)"\)`, text) {
			if !strings.Contains(page, `id="`+id+`"`) {
				t.Errorf("%s looks for #%s, which is not there", path, id)
			}
		}
	}
	for _, path := range loaded {
		if w := b.do("GET", path, ""); w.Code != 200 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func submatches(pattern, text string) (out []string) {
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}
