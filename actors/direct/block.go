package direct

import "unsafe"

// BlockSize is what offsets, lengths and memory are multiples of past the page cache: no disk asks for more than a page.
const BlockSize = 4096

// Buffer makes memory of a size in bytes that begins at a multiple of BlockSize.
func Buffer(size int) []byte {
	raw := make([]byte, size+BlockSize)
	skip := -int(uintptr(unsafe.Pointer(&raw[0]))) & (BlockSize - 1)
	return raw[skip : skip+size : skip+size]
}
