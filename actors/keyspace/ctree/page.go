package ctree

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unsafe"
)

const (
	// maxInline is the longest item that is kept in its page.
	maxInline = 512
	// maxPage is what the items of a page and their ends may take in bytes.
	maxPage = 2048
	// maxItems bounds the items of a page, and with them the work of a change.
	maxItems = 256
	// endSize is what the end of an item takes.
	endSize = 2
	// apart marks the end of an item that is kept outside of its page.
	apart = 1 << 15
)

// page is a short sequence of items.
//
// Its buffer begins with the items, one behind the other, and ends with their ends in
// backward order: that of item i are the i-th last two bytes. Between them is
// room to grow. An item that is kept apart has no bytes in the buffer, and a mark in its
// end; it is in large, which is in order.
//
// Of small collections there are many, so a page does without the words of a slice: a buffer is never longer than its
// allocation for a full page, which is below 4 KiB: maxPage and what the allocator rounds it up by.
type page struct {
	data  *byte     // of the buffer
	large *[][]byte // nil: none
	size  uint16    // of the buffer
	n     uint16
	used  uint16 // bytes of items in the buffer
}

// buf is the buffer.
func (p *page) buf() []byte { return unsafe.Slice(p.data, p.size) }

func (p *page) slot(i int) []byte { return p.buf()[int(p.size)-endSize*(i+1):] }

func (p *page) end(i int) (offset int, isApart bool) {
	v := binary.LittleEndian.Uint16(p.slot(i))
	return int(v &^ apart), v&apart != 0
}

func (p *page) start(i int) int {
	if i == 0 {
		return 0
	}
	offset, _ := p.end(i - 1)
	return offset
}

// item returns item i, which aliases the page.
func (p *page) item(i int) []byte {
	end, isApart := p.end(i)
	if isApart {
		return (*p.large)[p.largeBefore(i)]
	}
	return p.buf()[p.start(i):end:end]
}

// largeBefore counts the items before i that are kept apart.
func (p *page) largeBefore(i int) int {
	if p.large == nil {
		return 0
	}
	n := 0
	for k := range i {
		if _, isApart := p.end(k); isApart {
			n++
		}
	}
	return n
}

// weight is what decides whether a page is full.
func (p *page) weight() int { return int(p.used) + endSize*int(p.n) }

// fits tells whether one more item may be inserted.
func (p *page) fits(item []byte) bool {
	return p.n < maxItems && p.weight()+endSize+inline(item) <= maxPage
}

// inline is how many bytes an item takes in a page.
func inline(item []byte) int {
	if len(item) > maxInline {
		return 0
	}
	return len(item)
}

// search returns how many items are less than probe. REQUIRES: they are in order.
func (p *page) search(probe []byte) int {
	low, high := 0, int(p.n)
	for low < high {
		mid := int(uint(low+high) / 2)
		if bytes.Compare(p.item(mid), probe) < 0 {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// insert puts a copy of an item before item i. REQUIRES: it fits.
func (p *page) insert(i int, item []byte) {
	mark := uint16(0)
	if len(item) > maxInline {
		p.insertLarge(p.largeBefore(i), item)
		item, mark = nil, apart
	}
	p.reserve(p.weight() + endSize + len(item))
	at, n := p.start(i), int(p.n)
	buf := p.buf()
	copy(buf[at+len(item):], buf[at:p.used])
	copy(buf[at:], item)
	ends := len(buf) - endSize*(n+1)
	copy(buf[ends:], buf[ends+endSize:len(buf)-endSize*i])
	p.n++
	p.used += uint16(len(item))
	binary.LittleEndian.PutUint16(p.slot(i), uint16(at+len(item))|mark)
	p.moveEnds(i+1, len(item))
}

// moveEnds adds to the ends of the items from i on.
func (p *page) moveEnds(i, by int) {
	if by == 0 {
		return
	}
	buf := p.buf()
	ends := buf[len(buf)-endSize*int(p.n) : len(buf)-endSize*i]
	for k := 0; k+1 < len(ends); k += endSize {
		binary.LittleEndian.PutUint16(ends[k:], binary.LittleEndian.Uint16(ends[k:])+uint16(by))
	}
}

func (p *page) insertLarge(k int, item []byte) {
	if p.large == nil {
		p.large = new([][]byte)
	}
	*p.large = slices.Insert(*p.large, k, bytes.Clone(item))
}

// remove takes the items from i up to j out.
func (p *page) remove(i, j int) {
	p.removeLarge(i, j)
	from, to := p.start(i), p.start(j)
	buf := p.buf()
	copy(buf[from:], buf[to:p.used])
	ends := len(buf) - endSize*int(p.n)
	copy(buf[ends+endSize*(j-i):], buf[ends:len(buf)-endSize*j])
	p.n -= uint16(j - i)
	p.used -= uint16(to - from)
	p.moveEnds(i, from-to)
	if need := p.weight(); need <= len(buf)/2 {
		p.resize(need)
	}
}

func (p *page) removeLarge(i, j int) {
	from, to := p.largeBefore(i), p.largeBefore(j)
	switch {
	case from == to:
	case to-from == len(*p.large):
		p.large = nil
	default:
		*p.large = slices.Delete(*p.large, from, to)
	}
}

// replace makes item i another one, and reports false if that does not fit.
func (p *page) replace(i int, item []byte) bool {
	old := p.item(i)
	if len(item) == len(old) && len(item) <= maxInline {
		copy(old, item)
		return true
	}
	if p.weight()+inline(item)-inline(old) > maxPage {
		return false
	}
	p.remove(i, i+1)
	p.insert(i, item)
	return true
}

// reserve makes room for need bytes, with some to spare if it has to move.
func (p *page) reserve(need int) {
	if need > int(p.size) {
		p.resize(need + need/16)
	}
}

// resize moves to a buffer of at least size bytes, and of all that the
// allocation gives.
func (p *page) resize(size int) {
	old, buf := p.buf(), slices.Grow([]byte(nil), size)
	buf = buf[:cap(buf)]
	copy(buf, old[:p.used])
	ends := endSize * int(p.n)
	copy(buf[len(buf)-ends:], old[len(old)-ends:])
	p.data, p.size = unsafe.SliceData(buf), uint16(len(buf))
}

// clone returns a copy that shares only items kept apart.
func (p *page) clone() page {
	c := *p
	c.resize(c.weight())
	if p.large != nil {
		large := slices.Clone(*p.large)
		c.large = &large
	}
	return c
}

// split takes the items from at on out and returns them as another page.
func (p *page) split(at int) (right page) {
	if at == 0 {
		right, *p = *p, page{}
		return right
	}
	right.move(p, at)
	p.remove(at, int(p.n))
	p.resize(p.weight())
	return right
}

// move appends copies of the items of q from at on.
func (p *page) move(q *page, at int) {
	offset := int(p.used) - q.start(at)
	n := int(q.n) - at
	p.reserve(p.weight() + int(q.used) - q.start(at) + endSize*n)
	copy(p.buf()[p.used:], q.buf()[q.start(at):q.used])
	for i := range n {
		end := binary.LittleEndian.Uint16(q.slot(at + i))
		binary.LittleEndian.PutUint16(p.slot(int(p.n)+i), end+uint16(offset))
	}
	if from := q.largeBefore(at); q.large != nil && from < len(*q.large) {
		if p.large == nil {
			p.large = new([][]byte)
		}
		*p.large = append(*p.large, (*q.large)[from:]...)
	}
	p.n += uint16(n)
	p.used += q.used - uint16(q.start(at))
}

// middle returns where to split so that both halves weigh about the same.
func (p *page) middle() int {
	half := p.weight() / 2
	low, high := 1, int(p.n)-1
	for low < high {
		mid := int(uint(low+high) / 2)
		if p.start(mid)+endSize*mid < half {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}
