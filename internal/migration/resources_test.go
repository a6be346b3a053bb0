package migration

import "testing"

func TestMebibytes(t *testing.T) {
	for _, test := range []struct {
		there any
		want  string
	}{
		{int64(0), "0"},
		{int64(300), "300Mi"},
		{int64(1000), "1000Mi"},
		{int64(4000), "4000Mi"},
		{int64(2048), "2Gi"},
		{2000.0, "2000Mi"},
		{"3000000", "3000000Mi"},
		{0.5, "512Ki"},
		{0.0001, "1Ki"},
	} {
		v := node{path: "mem", value: test.there, book: newBook()}
		if got, ok := v.mebibytes(); !ok || got.String() != test.want {
			t.Errorf("%v: %s, %v; want %s", test.there, got.String(), ok, test.want)
		}
	}
	for _, there := range []any{1e300, int64(1) << 60, "1e30"} {
		v := node{path: "mem", value: there, book: newBook()}
		if got, ok := v.mebibytes(); ok || !v.book.refused() {
			t.Errorf("%v is %s", there, got.String())
		}
	}
}
