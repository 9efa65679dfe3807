// Package segment is a store for logs: the entries of many streams, each numbered without a gap, and some small named values.
// It is written in one place only, at the end of the newest of some files, the segments. A batch costs one write, which
// makes it durable as well; nothing is merged or sorted later, for entries are dropped at the ends of their streams, and with
// the last of a segment's goes the segment. Files are used again, since one that grows costs two writes for each.
//
// # Files
//
//	00000001.segment …	of about 16 MiB. Which segment a file holds is said inside
//
//	segment	frame …
//	frame	header, content (frame.go)
//
// The first frame of a segment is its base: which older segments are still needed and where they end, which entries each
// stream has, and all named values. Any other holds a batch.
//
// # What is in memory
//
// The values, and 16 bytes for each entry: where its value is, and its checksum, which every reading is held against.
//
// # Commit
//
//	the tail is full:	sync it, give up segments of which nothing is read,
//	                	begin the next one; its base goes with the next write, unless it is large
//	write the batch's frame, durable with the same system call if asked for
//	change what readers see
//	much is read no more:	begin the next segment, durably, and remove files, whose blocks go piece by piece
//	                	(package discard)
//
// What is left of a segment of which little is read is written anew, some with each Commit (clean.go).
//
// A file that was given up is written to again only when the first segment that does not list it is durable. So whichever
// of the last two segments survives a crash, the files that it lists are whole.
//
// # Open
//
// The segment with the highest number that begins with a valid base is the last. Of those that it lists, the entries are taken
// that its base says there are. Where an entry was dropped and written again the later one counts, since what a base lists
// holds every entry of its extents, and an entry that is valid is later than any that was dropped. Then come the last one's own
// frames, as far as they are valid and numbered without a gap. Open makes durable what it has read, which a process that
// was killed may have left in the page cache, and changes nothing: the next Commit begins a new segment, so that what a
// crash left after the last frame is never looked at again.
//
// # Damage
//
// A damaged byte of what is needed is ErrCorrupt, from Open or from the reading of an entry. At the end of the last segment it
// looks like a write that a crash has torn. A later frame that says that this one was durable tells the two apart. Damage to
// the last frame is not noticed by this package: raftlog has its marks for that.
//
// # Failure
//
// After an error of Commit the Store commits nothing more, for what the disk has is not known any more.
//
// # Goroutines
//
// Commit and Close are for one goroutine at a time. Get, Scan, Entries and View are for any, also during a Commit.
package segment
