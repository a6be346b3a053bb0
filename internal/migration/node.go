package migration

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

// book is what was taken of a definition, and what is to be said of it.
type book struct {
	// taken are paths of values that became something; settled those of which all that stands below is dealt with by one remark.
	taken, settled map[string]bool
	remarks        []Remark
}

func newBook() *book {
	return &book{taken: map[string]bool{}, settled: map[string]bool{}}
}

func (b *book) say(fate Fate, path, text string, arguments ...any) {
	if len(arguments) > 0 {
		text = fmt.Sprintf(text, arguments...)
	}
	remark := Remark{Fate: fate, Path: path, Text: text}
	b.remarks = append(b.remarks, remark)
}

// sayCommon remarks on what holds for many definitions in the same words.
func (b *book) sayCommon(fate Fate, path, text string, arguments ...any) {
	b.say(fate, path, text, arguments...)
	b.remarks[len(b.remarks)-1].Common = true
}

// sayDefault remarks on what the definition leaves to its scheduler.
func (b *book) sayDefault(path, text string, arguments ...any) {
	b.sayCommon(Kept, path, text, arguments...)
}

// refused says whether anything keeps the definition from being converted.
func (b *book) refused() bool {
	return slices.ContainsFunc(b.remarks, func(r Remark) bool { return r.Fate == Refused })
}

// node is a value of a definition, and where it stands.
type node struct {
	path  string
	value any
	book  *book
}

var plainKey = regexp.MustCompile(`^[\w@-]+$`)

// below is the path of a key.
func below(path, key string) string {
	switch {
	case !plainKey.MatchString(key):
		return path + "[" + strconv.Quote(key) + "]"
	case path == "":
		return key
	}
	return path + "." + key
}

// get is the value under keys, one within the other. One that is not there is absent.
func (n node) get(keys ...string) node {
	for _, key := range keys {
		object, _ := n.value.(map[string]any)
		n = node{path: below(n.path, key), value: object[key], book: n.book}
	}
	return n
}

// first is the value under the first of the keys that is there: some fields have several names.
func (n node) first(keys ...string) node {
	for _, key := range keys {
		if v := n.get(key); !v.absent() {
			return v
		}
	}
	return n.get(keys[0])
}

func (n node) absent() bool { return n.value == nil }

// void says whether the value is nothing, or asks for nothing.
func (n node) void() bool {
	switch v := n.value.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case int64:
		return v == 0
	case float64:
		return v == 0
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// strike strikes out a value that became something, or asks for nothing.
func (n node) strike() {
	n.book.taken[n.path] = true
}

// settle strikes out all that stands below.
func (n node) settle() {
	n.book.settled[n.path] = true
}

func (n node) kept(text string, arguments ...any) { n.book.say(Kept, n.path, text, arguments...) }

func (n node) differs(text string, arguments ...any) { n.book.say(Differs, n.path, text, arguments...) }

// leftOut says that nothing becomes of the value, nor of what stands below.
func (n node) leftOut(text string, arguments ...any) {
	n.settle()
	n.book.say(LeftOut, n.path, text, arguments...)
}

// noEffect says that nothing becomes of the value, as nothing did where it is from. One that asks for nothing is passed over.
func (n node) noEffect(text string) {
	n.settle()
	if !n.void() {
		n.book.sayCommon(Kept, n.path, "%s", text)
	}
}

// refuse keeps the definition from being converted.
func (n node) refuse(text string, arguments ...any) {
	n.settle()
	n.book.say(Refused, n.path, text, arguments...)
}

// oneOf takes one of several words, in upper case. Nothing is none of them and will do.
func (n node) oneOf(words ...string) string {
	word := strings.ToUpper(n.text())
	if word != "" && !slices.Contains(words, word) {
		n.refuse("%q is none of %s", word, strings.Join(words, ", "))
	}
	return word
}

// items are the elements of a list.
func (n node) items() []node {
	list, isList := n.value.([]any)
	if !isList {
		if !n.absent() {
			n.refuse("is no list: put it right in the definition")
		}
		return nil
	}
	nodes := make([]node, len(list))
	for i, value := range list {
		nodes[i] = node{path: fmt.Sprintf("%s[%d]", n.path, i), value: value, book: n.book}
	}
	return nodes
}

// keys are those of an object, in order.
func (n node) keys() []string {
	object, isObject := n.value.(map[string]any)
	if !isObject && !n.absent() {
		n.refuse("is no object: put it right in the definition")
	}
	return slices.Sorted(maps.Keys(object))
}

// text takes a text; numbers and truths are texts as they are written.
func (n node) text() string {
	n.strike()
	switch v := n.value.(type) {
	case nil:
		return ""
	case string:
		if strings.ContainsRune(v, 0) {
			n.refuse("has a NUL in it: take it out of the definition")
		}
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	n.refuse("is no text: put it right in the definition")
	return ""
}

// texts takes a list of texts.
func (n node) texts() []string {
	var list []string
	for _, item := range n.items() {
		list = append(list, item.text())
	}
	return list
}

// flag takes a truth.
func (n node) flag() bool {
	n.strike()
	switch v := n.value.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		if truth, err := strconv.ParseBool(v); err == nil {
			return truth
		}
	}
	n.refuse("is neither true nor false: put it right in the definition%s", n.template())
	return false
}

// quantity takes a number, bare or as a text, as Kubernetes writes it.
func (n node) quantity() (resource.Quantity, bool) {
	written := strings.TrimSpace(n.text())
	if _, err := strconv.ParseFloat(written, 64); err != nil {
		n.refuse("%q is no number%s", written, n.template())
		return resource.Quantity{}, false
	}
	amount, err := resource.ParseQuantity(written)
	if err != nil {
		n.refuse("%q is no number that could be counted with: %v", written, err)
		return resource.Quantity{}, false
	}
	return amount, true
}

// template says what to do where a value is one that something else is to fill in.
func (n node) template() string {
	if text, isText := n.value.(string); isText && placeholder.MatchString(text) {
		return ": fill in the template first, and convert what comes out"
	}
	return ""
}

// whole takes a whole number, which is brought within bounds.
func (n node) whole(least, most int32) int32 {
	amount, ok := n.quantity()
	if !ok {
		return least
	}
	value := math.Ceil(amount.AsApproximateFloat64())
	switch {
	case value < float64(least):
		n.differs("is %s, and %d here, which is the least", amount.String(), least)
		return least
	case value > float64(most):
		n.differs("is %s, and %d here, which is the most", amount.String(), most)
		return most
	}
	return int32(value)
}

// unread remarks on all that was neither taken nor settled, by the topmost path below which nothing was.
func (n node) unread(of kind) {
	if n.book.settled[n.path] || n.book.taken[n.path] {
		return
	}
	switch v := n.value.(type) {
	case nil:
		return
	case map[string]any:
		if n.path == "" || n.book.touched(n.path) {
			for _, key := range slices.Sorted(maps.Keys(v)) {
				n.get(key).unread(of)
			}
			return
		}
	case []any:
		if n.book.touched(n.path) {
			for _, item := range n.items() {
				item.unread(of)
			}
			return
		}
	}
	if hollow(n.value) {
		return
	}
	if commentPath.MatchString(n.path) {
		n.noEffect("is a comment, by its name")
		return
	}
	if text := of.passedOver(n.path); text != "" {
		n.settle()
		n.kept("%s", text)
		return
	}
	n.leftOut("is not known here: nothing was made of it")
}

// commentPath is that of a field by which people write comments into JSON.
var commentPath = regexp.MustCompile(`(^|\.)_[^.\[]*$|\["(//|#)[^]]*"\]$`)

// hollow says whether a value is nothing but empty lists and objects.
func hollow(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case []any:
		return !slices.ContainsFunc(v, func(item any) bool { return !hollow(item) })
	case map[string]any:
		return !slices.ContainsFunc(slices.Collect(maps.Values(v)), func(item any) bool { return !hollow(item) })
	}
	return false
}

// touched says whether anything below a path was taken or settled.
func (b *book) touched(path string) bool {
	for _, paths := range []map[string]bool{b.taken, b.settled} {
		for other := range paths {
			if rest, found := strings.CutPrefix(other, path); found && rest != "" && (rest[0] == '.' || rest[0] == '[') {
				return true
			}
		}
	}
	return false
}
