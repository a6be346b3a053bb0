package migration

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// table is the fields of one kind of definition, as docs/migration.md has them.
type table struct {
	name   string
	fields []field
}

func tables() []table {
	return []table{
		{"Marathon app", appFields},
		{"Marathon app: container", containerFields},
		{"Marathon app: container.docker", dockerFields},
		{"Marathon group", groupFields},
		{"Marathon pod", podFields},
		{"Marathon pod: containers", podContainerFields},
		{"Chronos job", jobFields},
		{"Chronos job: container", jobContainerFields},
		{"Singularity request", requestFields},
		{"Singularity deploy", deployFields},
		{"Singularity deploy: containerInfo", containerInfoFields},
		{"Singularity deploy: containerInfo.docker", dockerInfoFields},
		{"Singularity, beside request and deploy", envelopeFields},
	}
}

// String is the table in Markdown. What tells of a definition as it runs is one row.
func (t table) String() string {
	var text, states strings.Builder
	fmt.Fprintf(&text, "### %s\n\n| field | here |\n|---|---|\n", t.name)
	for _, f := range t.fields {
		switch {
		case f.state:
			fmt.Fprintf(&states, "`%s` ", f.name)
		case f.fate == LeftOut || f.fate == Refused:
			fmt.Fprintf(&text, "| `%s` | **%s**: %s |\n", f.name, f.fate, f.why)
		case f.why != "":
			fmt.Fprintf(&text, "| `%s` | %s; %s |\n", f.name, f.here, f.why)
		default:
			fmt.Fprintf(&text, "| `%s` | %s |\n", f.name, f.here)
		}
	}
	if states.Len() > 0 {
		fmt.Fprintf(&text, "| %s| no part of the definition: what the scheduler tells of it as it runs |\n", states.String())
	}
	return text.String()
}

// TestTables_standInTheDocument holds docs/migration.md to the tables; with -update they are written into it.
func TestTables_standInTheDocument(t *testing.T) {
	path := testenv.Root() + "/docs/migration.md"
	document, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, table := range tables() {
		texts = append(texts, table.String())
	}
	between := regexp.MustCompile(`(?s)(<!-- tables -->\n).*(<!-- end of tables -->)`)
	want := between.ReplaceAllLiteralString(string(document), "<!-- tables -->\n"+strings.Join(texts, "\n")+"<!-- end of tables -->")
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(document) || !between.Match(document) {
		t.Error("docs/migration.md does not have the tables as they are: go test ./internal/migration -update")
	}
}

func TestTables_sayWhatBecomesOfEachField(t *testing.T) {
	for _, table := range tables() {
		seen := map[string]bool{}
		for _, f := range table.fields {
			if seen[f.name] {
				t.Errorf("%s has %s twice", table.name, f.name)
			}
			seen[f.name] = true
			if !f.state && (f.here == "") == (f.why == "" || f.fate == Differs) {
				t.Errorf("%s: %s says neither where it lands nor why it does not", table.name, f.name)
			}
		}
	}
}
