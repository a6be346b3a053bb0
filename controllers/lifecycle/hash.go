package lifecycle

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// hashVersion begins every hash. A change of how hashes are made takes another one, so that an upgrade restarts nothing.
const hashVersion = "1"

// Hash identifies what a launch tells Mesos of a task: the version and eight hexadecimal digits. Two specs with one hash need no
// restart to get from one to the other. The order of environment variables does not count.
func Hash(task mesos.Task) string {
	task.Env = slices.SortedFunc(slices.Values(task.Env), func(a, b mesos.EnvVar) int { return cmp.Compare(a.Name, b.Name) })
	var canonical bytes.Buffer
	_ = json.NewEncoder(&canonical).Encode(task) //nolint:errchkjson // Encoding strings and integers into memory cannot fail.
	sum := sha256.Sum256(canonical.Bytes())
	return hashVersion + hex.EncodeToString(sum[:4])
}

// SameHash says whether an attempt launched with one hash serves a spec with the other. A hash of a version that this program does
// not know counts as a match.
func SameHash(attempt, spec string) bool {
	return attempt == spec || len(attempt) == 0 || attempt[:1] != hashVersion
}
