package scope

import "testing"

func TestScope_hides(t *testing.T) {
	cases := map[string]struct {
		scope  Namespaces
		taskID string
		want   bool
	}{
		"nothing is hidden where all is watched":                     {nil, "b.web.1aaaaaaaa.bbbbbbbbbb", false},
		"a task of a namespace that is watched":                      {Namespaces{"a", "b"}, "b.web.1aaaaaaaa.bbbbbbbbbb", false},
		"a task of a namespace that is not":                          {Namespaces{"a"}, "b.web.1aaaaaaaa.bbbbbbbbbb", true},
		"a task that was not launched for an object at all":          {Namespaces{"a"}, "somebody-elses", false},
		"a task of another scheduler's whose ID has four parts, too": {Namespaces{"a"}, "b.web.v2.17", false},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			if got := tc.scope.Hides(tc.taskID); got != tc.want {
				t.Errorf("hides is %t, want %t", got, tc.want)
			}
		})
	}
}
