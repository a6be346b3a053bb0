package mesosbridge

import (
	"strings"
	"unicode"
)

// maxText is how many characters of a text from Mesos leave the bridge (rule 17).
const maxText = 1024

// clean makes text from Mesos fit to be stored and shown: one line, no control or invisible formatting characters, no broken
// UTF-8, at most 1,024 characters.
func clean(text string) string {
	var out strings.Builder
	count := 0
	for _, r := range text {
		switch {
		case count == maxText:
			return strings.TrimSpace(out.String())
		case unicode.IsSpace(r):
			r = ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			continue
		}
		out.WriteRune(r)
		count++
	}
	return strings.TrimSpace(out.String())
}
