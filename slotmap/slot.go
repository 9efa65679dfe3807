package slotmap

import "bytes"

// Count is the number of slots.
const Count = 16384

// polynomial of CRC16/XMODEM: initial value 0, no reflection, no final xor.
const polynomial = 0x1021

// crcTables has in [k][c] the checksum of byte c with k zeros behind it, so that the bytes of a word are looked up
// at the same time instead of one after the other.
var crcTables = makeTables()

func makeTables() (tables [8][256]uint16) {
	table := &tables[0]
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
	for k := range len(tables) - 1 {
		for i, crc := range tables[k] {
			tables[k+1][i] = crc<<8 ^ table[crc>>8]
		}
	}
	return tables
}

func crc16(b []byte) uint16 {
	var crc uint16
	t := &crcTables
	for ; len(b) >= 8; b = b[8:] {
		crc = t[7][b[0]^byte(crc>>8)] ^ t[6][b[1]^byte(crc)] ^ t[5][b[2]] ^ t[4][b[3]] ^
			t[3][b[4]] ^ t[2][b[5]] ^ t[1][b[6]] ^ t[0][b[7]]
	}
	for _, c := range b {
		crc = crc<<8 ^ t[0][byte(crc>>8)^c]
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
