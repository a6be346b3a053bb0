package migration

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

// nameLength is the longest name that a MesosTaskSet can have. All kinds keep to it, so that one can become another under the same name.
const nameLength = 45

var (
	notLabel  = regexp.MustCompile(`[^a-z0-9]+`)
	templated = regexp.MustCompile(`\{\{|\$\{`)
	// placeholder is, where no command line stands, what somebody was to fill in.
	placeholder = regexp.MustCompile(`\{\{|\$\{|\$[A-Za-z_]|<[^<>]+>`)
)

// slug makes a DNS label of an ID. Different IDs can come to the same one.
func slug(id string, length int) string {
	name := strings.Trim(notLabel.ReplaceAllString(strings.ToLower(id), "-"), "-")
	if len(name) > length {
		name = strings.TrimRight(name[:length-7], "-") + "-" + digest(id)
	}
	return name
}

func digest(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:3])
}

// name gives each definition a name of its own. Those whose IDs come to the same one all get a digest of theirs behind it, whichever of them is
// converted first, and are told of each other.
func name(definitions []*definition) {
	taken := map[string][]*definition{}
	for _, d := range definitions {
		if d.name = slug(d.id, nameLength); d.name == "" {
			if d.id != "" {
				d.name = "task-" + digest(d.id)
			}
			continue
		}
		taken[d.name] = append(taken[d.name], d)
	}
	for shared, all := range taken {
		if len(all) == 1 {
			if plain := strings.ReplaceAll(strings.Trim(all[0].id, "/"), "/", "-"); plain != shared {
				all[0].book.say(Kept, all[0].idPath, "%q is no DNS label: the object is named %s", all[0].id, shared)
			}
			continue
		}
		ids := map[string]bool{}
		for _, d := range all {
			ids[d.id] = true
		}
		for i, d := range all {
			if d.name = shared; len(ids) > 1 {
				d.name = slug(d.id, nameLength-7) + "-" + digest(d.id)
			}
			for j, other := range all {
				switch {
				case i == j:
				case other.id == d.id && j < i:
					d.book.say(Refused, d.idPath, "%q stands in %s already: take one of them out", d.id, other.file)
				case other.id != d.id:
					d.book.say(Differs, d.idPath, "%q and %q in %s both come to the name %s: the object is named %s", d.id, other.id, other.file, shared, d.name)
				}
			}
		}
	}
}
