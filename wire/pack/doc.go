// Package pack writes and reads msgpack by hand: the shapes that cross a wire
// or a disk here are few and known, so neither reflection nor an encoder
// object stands between a value and its bytes.
//
// # Writing
//
// Every Append function takes a destination slice and returns it extended, as
// the append built-in does. They use the shortest form of the format, never
// fail, and allocate only when the destination has to grow. A frame, a map or
// a log entry is therefore built in one buffer without copies.
//
// # Reading
//
// A Reader walks over a byte slice that came from outside. Its error is
// sticky: after the first failure every method returns a zero value, so a
// decoder reads all its fields in a row and checks Err (or Finish) once.
//
//	r := pack.NewReader(b)
//	n := r.ArrayLen(maxItems)
//	items := make([]uint64, n)
//	for i := range items {
//		items[i] = r.Uint()
//	}
//	return items, r.Finish()
//
// # What a Reader promises about bad bytes
//
// It never panics and never allocates except for the strings it returns, for
// the error, and for the copy that Own is asked to make. A length is believed only as far as bytes are there to back
// it: ArrayLen fails when fewer bytes remain than items are claimed (an item
// takes at least one byte), Bytes and String fail when the payload is not
// there. What callers allocate by such a length is thus bounded by what was
// received, and by the limit that the caller names.
//
// # Ownership
//
// Slices returned by Bytes alias the input and have their capacity clipped, so
// that appending to one cannot overwrite what follows it. The package keeps no
// state; a Reader belongs to one goroutine.
package pack
