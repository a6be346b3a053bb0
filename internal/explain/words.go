package explain

import "strconv"

// plural is a number of things.
func plural(n int32, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(int(n)) + " " + thing + "s"
}
