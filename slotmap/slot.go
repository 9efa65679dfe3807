package slotmap

import "bytes"

// Count is the number of slots.
const Count = 16384

// polynomial of CRC16/XMODEM: initial value 0, no reflection, no final xor.
const polynomial = 0x1021

var crcTable = makeTable()

func makeTable() (table [256]uint16) {
	for i := range table {
		crc := uint16(i) << 8
		for range 8 {
			carry := crc&0x8000 != 0
			crc <<= 1
			if carry {
				crc ^= polynomial
			}
		}
		table[i] = crc
	}
	return table
}

func crc16(b []byte) uint16 {
	var crc uint16
	for _, c := range b {
		crc = crc<<8 ^ crcTable[byte(crc>>8)^c]
	}
	return crc
}

// Slot returns the slot of a key.
func Slot(key []byte) uint16 { return crc16(HashTag(key)) % Count }

// HashTag returns the part of a key that decides its slot: what stands between
// the first '{' and the first '}' after it, or the whole key if either is
// missing or nothing stands between them. The result aliases key.
func HashTag(key []byte) []byte {
	open := bytes.IndexByte(key, '{')
	if open < 0 {
		return key
	}
	rest := key[open+1:]
	if end := bytes.IndexByte(rest, '}'); end > 0 {
		return rest[:end]
	}
	return key
}
