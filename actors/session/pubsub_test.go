package session

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/troupedb/troupe/actors/keyspace"
	"github.com/troupedb/troupe/actors/pubsub"
	"github.com/troupedb/troupe/slotmap"
)

// wantAll checks what comes without a command being sent.
func (c *conn) wantAll(replies ...string) {
	c.t.Helper()
	for _, want := range replies {
		if got := c.reply(); got != want {
			c.t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestPubSub(t *testing.T) {
	b := newBed(t, 2)
	sub, pub := b.dial(), b.dial()
	sub.send("SUBSCRIBE news music")
	sub.wantAll("[subscribe news 1]", "[subscribe music 2]")
	sub.want("PSUBSCRIBE n*", "[psubscribe n* 3]", "PING", "[pong ]", "PING x", "[pong x]",
		"GET k", "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context")
	pub.want("PUBLISH news hello", "2", "PUBLISH music m", "1", "PUBLISH other m", "0",
		"PUBSUB CHANNELS", "[news music]", "PUBSUB CHANNELS m*", "[music]", "PUBSUB NUMSUB news none", "[news 1 none 0]", "PUBSUB NUMPAT", "1",
		"PUBSUB SHARDCHANNELS", "[]", "PUBSUB SHARDNUMSUB", "[]",
		"PUBSUB CHANNELS a b", "-ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP.")
	sub.wantAll("[message news hello]", "[pmessage n* news hello]", "[message music m]")
	if got := pub.do("CLIENT LIST TYPE pubsub"); !strings.Contains(got, "flags=P db=0 sub=2 psub=1 ssub=0 ") || strings.Count(got, "\n") != 1 {
		t.Error(got)
	}
	if got := pub.do("INFO"); !strings.Contains(got, "pubsub_channels:2\r\npubsub_patterns:1\r\n") || !strings.Contains(got, "pubsub_clients:1") {
		t.Error(got)
	}
	sub.send("UNSUBSCRIBE")
	sub.wantAll("[unsubscribe news 2]", "[unsubscribe music 1]")
	sub.want("PUNSUBSCRIBE n*", "[punsubscribe n* 0]", "UNSUBSCRIBE", "[unsubscribe nil 0]", "GET k", "nil", "PING", "PONG")
	pub.want("PUBLISH news hello", "0")
}

// TestPubSubResp3: pushes come between replies, and do not keep the client from sending commands.
func TestPubSubResp3(t *testing.T) {
	b := newBed(t, 1)
	c := b.dial()
	c.do("HELLO 3")
	c.want("CLIENT REPLY OFF\x00", "-ERR syntax error", "SUBSCRIBE a", ">[subscribe a 1]", "SET k v", "OK")
	c.send("PUBLISH a 1", "GET k")
	got := c.reply() + " " + c.reply() + " " + c.reply()
	if !strings.Contains(got, ">[message a 1]") || !strings.HasSuffix(strings.ReplaceAll(got, ">[message a 1]", ""), "v") {
		t.Error(got)
	}
	c.send("CLIENT REPLY OFF", "PING", "UNSUBSCRIBE a", "CLIENT REPLY ON")
	c.wantAll(">[unsubscribe a 0]", "OK")
}

// TestPubSubOrder: what one client publishes arrives in the order sent, whatever the pipeline.
func TestPubSubOrder(t *testing.T) {
	b := newBed(t, 1)
	sub, pub := b.dial(), b.dial()
	sub.want("PSUBSCRIBE *", "[psubscribe * 1]")
	const n = 2000
	var lines []string
	for i := range n {
		lines = append(lines, fmt.Sprint("PUBLISH ch", i%3, " ", i))
	}
	go pub.send(lines...)
	for i := range n {
		if got, want := sub.reply(), fmt.Sprint("[pmessage * ch", i%3, " ", i, "]"); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	}
	for range n {
		if got := pub.reply(); got != "1" {
			t.Fatal(got)
		}
	}
}

// TestPublishInTransaction: the messages of a transaction are sent when it was carried out, and only then.
func TestPublishInTransaction(t *testing.T) {
	b := newBed(t, 1)
	sub, pub := b.dial(), b.dial()
	sub.want("SUBSCRIBE a", "[subscribe a 1]")
	pub.want("MULTI", "OK", "SET k 1", "QUEUED", "PUBLISH a in", "QUEUED", "INCR k", "QUEUED", "SPUBLISH s x", "QUEUED", "EXEC", "[OK 1 2 0]",
		"MULTI", "OK", "PUBLISH a dropped", "QUEUED", "WAIT 1 1", "-ERR Command not allowed inside a transaction",
		"EXEC", "-EXECABORT Transaction discarded because of previous errors.",
		"WATCH k", "OK")
	b.dial().want("SET k 5", "OK")
	pub.want("MULTI", "OK", "GET k", "QUEUED", "PUBLISH a watched", "QUEUED", "EXEC", "nil",
		"MULTI", "OK", "PUBLISH a alone", "QUEUED", "EXEC", "[1]")
	sub.wantAll("[message a in]", "[message a alone]")
}

// TestSubscribeInTransaction: the session's own commands of a transaction are carried out one after the other, so
// that what is published behind a SUBSCRIBE is for its client too.
func TestSubscribeInTransaction(t *testing.T) {
	c := newBed(t, 1).dial()
	c.want("MULTI", "OK", "SET k v", "QUEUED", "SUBSCRIBE a", "QUEUED", "PUBSUB NUMSUB a", "QUEUED", "PUBLISH a m", "QUEUED", "GET k", "QUEUED")
	c.send("EXEC")
	c.wantAll("[message a m]", "[OK [subscribe a 1] [a 1] 1 v]")
	c.want("UNSUBSCRIBE a", "[unsubscribe a 0]", "GET k", "v")
}

// TestShardChannels are served where a replica of their shard is.
func TestShardChannels(t *testing.T) {
	b := newBed(t, 2)
	here, there := b.keyIn(1, "c"), b.keyIn(2, "c")
	sub, pub := b.dial(), b.dial()
	sub.want("SSUBSCRIBE "+here, "[ssubscribe "+here+" 1]", "SSUBSCRIBE "+here+" "+there, "-CROSSSLOT Keys in request don't hash to the same slot")
	pub.want("SPUBLISH "+here+" m", "1", "PUBLISH "+here+" m", "0", "PUBSUB SHARDCHANNELS", "["+here+"]", "PUBSUB SHARDNUMSUB "+here, "["+here+" 1]")
	sub.wantAll("[smessage " + here + " m]")
	b.moveAway(2)
	movedThere := fmt.Sprintf("-MOVED %d %s", slotmap.Slot([]byte(there)), otherAddr)
	pub.want("SPUBLISH "+there+" m", movedThere, "SSUBSCRIBE "+there, movedThere, "PING", "PONG",
		"MULTI", "OK", "SPUBLISH "+there+" m", "QUEUED", "EXEC", "["+movedThere+"]")
	b.moveAway(1)
	b.system.Root.Send(b.broker, pubsub.Rerouted{})
	sub.wantAll("[sunsubscribe " + here + " 0]")
	sub.want("GET k", fmt.Sprintf("-MOVED %d %s", slotmap.Slot([]byte("k")), otherAddr), "SUNSUBSCRIBE", "[sunsubscribe nil 0]")
}

func TestResetEndsSubscriptions(t *testing.T) {
	b := newBed(t, 1)
	sub, pub := b.dial(), b.dial()
	sub.do("HELLO 3")
	sub.want("SUBSCRIBE a", ">[subscribe a 1]", "SSUBSCRIBE s", ">[ssubscribe s 1]", "RESET", "RESET", "PING", "PONG")
	pub.want("PUBLISH a m", "0", "SPUBLISH s m", "0")
	sub.want("SUBSCRIBE a", "[subscribe a 1]")
	sub.Close()
	eventually(t, "a client that is gone is forgotten", func() bool { return pub.do("PUBLISH a m") == "0" })
}

// TestSlowSubscriberIsClosed beyond client-output-buffer-limit; the others go on.
func TestSlowSubscriberIsClosed(t *testing.T) {
	b := newBed(t, 1)
	slow, pub := b.dial(), b.dial()
	slow.want("SUBSCRIBE a", "[subscribe a 1]")
	b.srv.settings.limits.Store(&outputLimits{classPubSub: {hard: 1 << 20}})
	big := strings.Repeat("x", 256<<10)
	eventually(t, "the subscriber is closed", func() bool { return pub.do("PUBLISH a "+big) == "0" })
	eventually(t, "it is gone", func() bool { return b.srv.clients.count() == 1 })
	if got := pub.do("INFO stats"); !strings.Contains(got, "client_output_buffer_limit_disconnections:1") {
		t.Error(got)
	}
}

func TestKeyspaceEvents(t *testing.T) {
	b := newBed(t, 1)
	sub, c := b.dial(), b.dial()
	for set, want := range map[string]string{
		"KA": "AK", "EA": "AE", "gKE": "gKE", "$lshzxeKE": "$lshzxeKE", "Kg$lshzxetd": "AK", "KEmn": "KEmn",
	} {
		c.want("CONFIG SET notify-keyspace-events "+set, "OK", "CONFIG GET notify-keyspace-events", "[notify-keyspace-events "+want+"]")
	}
	c.want("CONFIG SET notify-keyspace-events q",
		"-ERR CONFIG SET failed (possibly related to argument 'notify-keyspace-events') - Invalid event class character. Use 'Ag$lshzxeKEtmdn'.",
		"CONFIG SET notify-keyspace-events A", "OK")
	if got := b.srv.Listening(); got != 0 {
		t.Errorf("listens for %b though no channel is named", got)
	}
	c.want("CONFIG SET notify-keyspace-events KEx", "OK")
	if got := b.srv.Listening(); got != keyspace.EventExpired {
		t.Errorf("listens for %b", got)
	}
	sub.want("PSUBSCRIBE __key*", "[psubscribe __key* 1]")
	b.srv.PublishEvents([]keyspace.Event{{Class: keyspace.EventExpired, Name: "expired", Key: "k"}})
	sub.wantAll("[pmessage __key* __keyspace@0__:k expired]", "[pmessage __key* __keyevent@0__:expired k]")
}

// TestSubscriptionsInClientMemory: what a client is subscribed to is part of what it takes, and bounded.
func TestSubscriptionsInClientMemory(t *testing.T) {
	b := newBed(t, 1)
	sub, c := b.dial(), b.dial()
	sub.want("SUBSCRIBE abcdefgh", "[subscribe abcdefgh 1]")
	eventually(t, "nothing but the subscription is kept", func() bool {
		return strings.Contains(c.do("CLIENT LIST TYPE pubsub"), " omem=0 tot-mem=264 ")
	})
	large := strings.Repeat("x", 1<<20)
	for i := range 63 {
		name := large + fmt.Sprint(i)
		sub.want("SUBSCRIBE "+name, fmt.Sprintf("[subscribe %s %d]", name, i+2))
	}
	sub.want("SUBSCRIBE "+large, "-"+lineSubscriptions, "UNSUBSCRIBE abcdefgh", "[unsubscribe abcdefgh 63]")
}

// TestEventsBeyondRoomAreLost: and none that come later.
func TestEventsBeyondRoomAreLost(t *testing.T) {
	b := newBed(t, 1)
	sub, c := b.dial(), b.dial()
	c.want("CONFIG SET notify-keyspace-events KA", "OK")
	sub.want("PSUBSCRIBE __key*", "[psubscribe __key* 1]")
	event := func(key string) keyspace.Event {
		return keyspace.Event{Class: keyspace.EventGeneric, Name: "del", Key: key}
	}
	many := make([]keyspace.Event, maxEvents+1)
	for i := range many {
		many[i] = event("many")
	}
	b.srv.PublishEvents(many)
	b.srv.PublishEvents([]keyspace.Event{event(strings.Repeat("x", maxEventBytes))})
	b.srv.PublishEvents([]keyspace.Event{event("k")})
	sub.wantAll("[pmessage __key* __keyspace@0__:k del]")
	eventually(t, "room is given back", func() bool {
		count, bytes := b.srv.events.InUse()
		return count == 0 && bytes == 0
	})
}

func TestGoRedisPubSub(t *testing.T) {
	for _, proto := range []int{2, 3} {
		b := newBed(t, 2)
		b.onlyNode()
		rdb, ctx := goRedis(t, b, proto), context.Background()
		for _, ps := range []*redis.PubSub{rdb.Subscribe(ctx, "a"), rdb.PSubscribe(ctx, "a*"), rdb.SSubscribe(ctx, "a")} {
			if m, err := ps.ReceiveTimeout(ctx, patience); err != nil {
				t.Fatal(m, err)
			}
			rdb.Publish(ctx, "a", "m")
			rdb.SPublish(ctx, "a", "m")
			if m, err := ps.ReceiveTimeout(ctx, patience); err != nil || m.(*redis.Message).Payload != "m" {
				t.Error(m, err)
			}
			ps.Close()
		}
	}
}
