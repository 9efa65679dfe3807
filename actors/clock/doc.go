// Package clock is what time it is: on a node, whose wall clock is judged by those of its peers, and in a
// shard, whose time stands in its log and never runs backwards.
//
// It is pure: clocks are read by the caller, and all times are integers, in milliseconds. A node measures its
// peers' wall clocks against its own monotonic clock, which nobody sets, so that a jump of its own wall clock
// shows at once:
//
//	agreed := clock.Judge(own, readings, nodes)         // a few times a second
//	stamp := shard.Now(clock.Now{wall, mono, agreed})   // for each entry, by the leader
//
// What it promises while the wall clocks of a majority of the nodes are within G of the true time, and the
// readings of them off by at most MaxError: an agreed time is off by at most Tolerance + MaxError + G, or there
// is none; a shard's clock is ahead of the true time by at most twice the Tolerance + MaxError + G, unless it was
// before, and then it runs at nine tenths of the speed until it is not; and it is behind by no more than that
// once the leader knows the agreed time. Whatever the clocks do, it never runs backwards.
package clock
