package script

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// word is a word of a line, and the column where it begins, from 1.
type word struct {
	text string
	col  int
}

// Error says where a script cannot be understood, and what was expected there.
type Error struct {
	Line, Column int    // from 1; columns count characters
	Want         string // what may stand there
	Found        string // "" is the end of the line
}

func (e *Error) Error() string {
	found := "the line ends"
	if e.Found != "" {
		found = fmt.Sprintf("found %q", e.Found)
	}
	return fmt.Sprintf("line %d, column %d: expected %s, %s", e.Line, e.Column, e.Want, found)
}

// split cuts a line into words; "|" and ">" are words of their own. What begins with "#" is the comment.
func split(line string) (words []word, comment string, end int) {
	col, begin, from := 0, 0, -1
	flush := func(to int) {
		if from >= 0 {
			words = append(words, word{line[from:to], begin})
			from = -1
		}
	}
	for i, r := range line {
		col++
		switch {
		case r == '#':
			flush(i)
			return words, strings.TrimSpace(line[i+1:]), col
		case unicode.IsSpace(r):
			flush(i)
		case r == '|' || r == '>':
			flush(i)
			words = append(words, word{string(r), col})
		case from < 0:
			from, begin = i, col
		}
	}
	flush(len(line))
	return words, "", utf8.RuneCountInString(line) + 1
}
