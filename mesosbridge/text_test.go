package mesosbridge

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestClean(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"leaves an ordinary message":    {"Command exited with status 2", "Command exited with status 2"},
		"leaves other scripts":          {"Größe 大小", "Größe 大小"},
		"makes one line of several":     {"first\nsecond\r\n\tthird\n", "first second   third"},
		"drops control characters":      {"a\x00b\x1b[31mc\x7f", "ab[31mc"},
		"drops what turns text around":  {"a\u202eb\u200b", "ab"},
		"repairs broken UTF-8":          {"a\xffb", "a\ufffdb"},
		"cuts at 1,024 characters":      {strings.Repeat("ä", 3000), strings.Repeat("ä", 1024)},
		"counts what it keeps only":     {strings.Repeat("\x00", 3000) + "end", "end"},
		"leaves nothing of mere spaces": {" \n\t ", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := clean(test.text); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestClean_isFitToBeStored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		got := clean(string(rapid.SliceOf(rapid.Byte()).Draw(t, "text")) + rapid.String().Draw(t, "more"))
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > maxText || clean(got) != got {
			t.Fatalf("unfit: %q", got)
		}
		if strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
			t.Fatalf("control characters: %q", got)
		}
	})
}
