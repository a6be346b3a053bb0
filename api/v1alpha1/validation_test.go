package v1alpha1_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// parse reads one manifest.
func parse(t *testing.T, manifest string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(manifest), &object.Object); err != nil {
		t.Fatalf("parsing the manifest: %v\n%s", err, manifest)
	}
	return object
}

const taskManifest = `
apiVersion: mesos.dev/v1alpha1
kind: MesosTask
metadata: {name: %s, namespace: default}
spec: {%s}
`

const requests = `resources: {requests: {cpus: "0.5", memory: 64Mi}}`

func TestMesosTask_admission(t *testing.T) {
	cases := map[string]struct {
		name string
		spec string
		// want is part of the refusal; empty for a manifest that is accepted.
		want string
	}{
		"a shell task is accepted":                  {spec: `shell: "sleep 1", ` + requests},
		"a health check over HTTP is accepted":      {spec: `shell: x, ports: [{name: http}], healthCheck: {http: {port: http, path: /up, scheme: HTTPS}}, ` + requests},
		"a health check over TCP is accepted":       {spec: `shell: x, ports: [{name: http}], healthCheck: {tcp: {port: http}}, ` + requests},
		"a check of a number is accepted":           {spec: `shell: x, healthCheck: {http: {port: 9090}}, readinessCheck: {tcp: {port: 65535}}, ` + requests},
		"a check of a number that is too large":     {spec: `shell: x, healthCheck: {tcp: {port: 65536}}, ` + requests, want: "port is the name of one of spec.ports, or a number from 1 to 65535"},
		"a check of port 0":                         {spec: `shell: x, readinessCheck: {tcp: {port: 0}}, ` + requests, want: "port is the name of one of spec.ports, or a number from 1 to 65535"},
		"a check of a number in quotes":             {spec: `shell: x, healthCheck: {tcp: {port: "9090"}}, ` + requests, want: "spec.healthCheck.tcp.port must be the name of one of spec.ports, for TCP, or a number"},
		"a check of an empty name":                  {spec: `shell: x, healthCheck: {tcp: {port: ""}}, ` + requests, want: "port is the name of one of spec.ports, or a number from 1 to 65535"},
		"a check of no port at all":                 {spec: `shell: x, healthCheck: {tcp: {}}, ` + requests, want: "spec.healthCheck.tcp.port: Required value"},
		"a health check by a command is accepted":   {spec: `shell: x, healthCheck: {command: {argv: [test, -e, up]}, delaySeconds: 0, gracePeriodSeconds: 0}, ` + requests},
		"a health check that does nothing":          {spec: `shell: x, healthCheck: {delaySeconds: 5}, ` + requests, want: "exactly one of http, tcp and command must be set"},
		"a health check that does two things":       {spec: `shell: x, ports: [{name: http}], healthCheck: {tcp: {port: http}, command: {shell: x}}, ` + requests, want: "exactly one of http, tcp and command must be set"},
		"a health check's command of two kinds":     {spec: `shell: x, healthCheck: {command: {shell: x, argv: [x]}}, ` + requests, want: "exactly one of shell and argv must be set"},
		"a health check of no port":                 {spec: `shell: x, healthCheck: {tcp: {port: http}}, ` + requests, want: "spec.healthCheck.tcp.port must be the name of one of spec.ports"},
		"a health check of another port":            {spec: `shell: x, ports: [{name: web}], healthCheck: {http: {port: http}}, ` + requests, want: "spec.healthCheck.http.port must be the name of one of spec.ports"},
		"a health check of half a path":             {spec: `shell: x, ports: [{name: http}], healthCheck: {http: {port: http, path: up}}, ` + requests, want: "spec.healthCheck.http.path"},
		"a health check of a path with a blank":     {spec: `shell: x, ports: [{name: http}], healthCheck: {http: {port: http, path: "/a b"}}, ` + requests, want: "spec.healthCheck.http.path"},
		"a health check with a threshold of none":   {spec: `shell: x, healthCheck: {command: {shell: x}, failureThreshold: 0}, ` + requests, want: "spec.healthCheck.failureThreshold"},
		"a readiness check is accepted":             {spec: `shell: x, ports: [{name: http}], readinessCheck: {http: {port: http, statuses: ["204", 200-399, 500-500]}}, ` + requests},
		"a readiness check that does nothing":       {spec: `shell: x, readinessCheck: {}, ` + requests, want: "exactly one of http, tcp and command must be set"},
		"a readiness check of no port":              {spec: `shell: x, readinessCheck: {http: {port: http}}, ` + requests, want: "spec.readinessCheck.http.port must be the name of one of spec.ports"},
		"a readiness check over TCP of no port":     {spec: `shell: x, readinessCheck: {tcp: {port: http}}, ` + requests, want: "spec.readinessCheck.tcp.port must be the name of one of spec.ports"},
		"statuses the wrong way round":              {spec: `shell: x, ports: [{name: http}], readinessCheck: {http: {port: http, statuses: [399-200]}}, ` + requests, want: "a range of statuses begins with the lower one"},
		"statuses that are none":                    {spec: `shell: x, ports: [{name: http}], readinessCheck: {http: {port: http, statuses: ["2xx"]}}, ` + requests, want: "spec.readinessCheck.http.statuses"},
		"a command with arguments is accepted":      {spec: `command: [sleep], args: ["1"], ` + requests},
		"whole CPUs without quotes are accepted":    {spec: `shell: x, resources: {requests: {cpus: 2, memory: 64Mi}}`},
		"half a CPU without quotes is accepted":     {spec: `shell: x, resources: {requests: {cpus: 0.5, memory: 64Mi}}`},
		"no CPUs without quotes are refused":        {spec: `shell: x, resources: {requests: {cpus: 0, memory: 64Mi}}`, want: "should be greater than 0"},
		"a trifle without quotes is refused":        {spec: `shell: x, resources: {requests: {cpus: 0.009, memory: 64Mi}}`, want: "should be greater than or equal to 0.01"},
		"minus one without quotes is refused":       {spec: `shell: x, resources: {requests: {cpus: -1, memory: 64Mi}}`, want: "should be greater than 0"},
		"20,000 CPUs without quotes are refused":    {spec: `shell: x, resources: {requests: {cpus: 20000, memory: 64Mi}}`, want: "should be less than or equal to 10000"},
		"true for CPUs is refused":                  {spec: `shell: x, resources: {requests: {cpus: true, memory: 64Mi}}`, want: "spec.resources.requests.cpus"},
		"null for CPUs is refused":                  {spec: `shell: x, resources: {requests: {cpus: null, memory: 64Mi}}`, want: "spec.resources.requests.cpus: Required value"},
		"an object for CPUs is refused":             {spec: `shell: x, resources: {requests: {cpus: {a: b}, memory: 64Mi}}`, want: "spec.resources.requests.cpus"},
		"an empty object for CPUs is refused":       {spec: `shell: x, resources: {requests: {cpus: {}, memory: 64Mi}}`, want: "spec.resources.requests.cpus"},
		"a list for CPUs is refused":                {spec: `shell: x, resources: {requests: {cpus: [1], memory: 64Mi}}`, want: "spec.resources.requests.cpus"},
		"an empty list for CPUs is refused":         {spec: `shell: x, resources: {requests: {cpus: [], memory: 64Mi}}`, want: "spec.resources.requests.cpus"},
		"a number for memory means bytes":           {spec: `shell: x, resources: {requests: {cpus: 1, memory: 512}}`, want: "resources.requests.memory without a unit is bytes, and m is thousandths of a byte: for 512 MiB write 512Mi"},
		"a string of digits does so too":            {spec: `shell: x, resources: {requests: {cpus: 1, memory: "512"}}`, want: "resources.requests.memory without a unit is bytes"},
		"m for memory means thousandths":            {spec: `shell: x, resources: {requests: {cpus: 1, memory: 512m}}`, want: "resources.requests.memory without a unit is bytes"},
		"memory in bytes is accepted":               {spec: `shell: x, resources: {requests: {cpus: 1, memory: 536870912}}`},
		"a number for disk means bytes":             {spec: `shell: x, resources: {requests: {cpus: 1, memory: 64Mi, disk: 512}}`, want: "resources.requests.disk without a unit is bytes"},
		"no disk is to be left out":                 {spec: `shell: x, resources: {requests: {cpus: 1, memory: 64Mi, disk: 0}}`, want: "leave it out if none is needed"},
		"all fields at once are accepted":           {spec: `frameworkRef: {name: f}, role: r, shell: x, user: u, env: [{name: A, value: b}], uris: [{value: "http://h/x.tgz", extract: false, executable: true, cache: true, outputFile: a/b}], resources: {requests: {cpus: 10m, memory: 1Mi, disk: 1Gi, gpus: 1}}, ports: [{name: http, hostPort: 31000}, {name: a-b}], killGracePeriodSeconds: 0, restartPolicy: Never, backoff: {initialSeconds: 2, maxSeconds: 3}, maxRestarts: 0, launchTimeoutSeconds: 0, avoidFailedAgents: Never, deletionPolicy: Orphan, suspend: true`},
		"several roles are accepted":                {spec: `shell: x, roles: [web, "*"], ` + requests},
		"one role twice is refused":                 {spec: `shell: x, roles: [web, "*", web], ` + requests, want: "one role stands twice in spec.roles"},
		"role beside roles is refused":              {spec: `shell: x, role: web, roles: [web], ` + requests, want: "put the role into spec.roles"},
		"no roles are refused":                      {spec: `shell: x, roles: [], ` + requests, want: "spec.roles"},
		"neither shell nor command is refused":      {spec: requests, want: "exactly one of spec.shell and spec.command must be set"},
		"both shell and command are refused":        {spec: `shell: x, command: [ls], ` + requests, want: "exactly one of spec.shell and spec.command must be set"},
		"arguments without a command are refused":   {spec: `shell: x, args: [-l], ` + requests, want: "spec.args needs spec.command"},
		"no resources are refused":                  {spec: `shell: x`, want: "spec.resources"},
		"no memory is refused":                      {spec: `shell: x, resources: {requests: {cpus: "1"}}`, want: "spec.resources.requests.memory"},
		"negative CPUs are refused":                 {spec: `shell: x, resources: {requests: {cpus: "-1", memory: 64Mi}}`, want: "spec.resources.requests.cpus"},
		"absurd CPUs are refused":                   {spec: `shell: x, resources: {requests: {cpus: 1e400, memory: 64Mi}}`, want: "resources.requests.cpus"},
		"zero memory is refused":                    {spec: `shell: x, resources: {requests: {cpus: 1, memory: 0}}`, want: "resources.requests.memory must be from 1Mi to 1Pi"},
		"absurd memory is refused":                  {spec: `shell: x, resources: {requests: {cpus: 1, memory: 1Ei}}`, want: "resources.requests.memory must be from 1Mi to 1Pi"},
		"limits are accepted":                       {spec: `shell: x, resources: {requests: {cpus: 1, memory: 64Mi}, limits: {cpus: "2", memory: 64Mi}}`},
		"no limits are accepted":                    {spec: `shell: x, resources: {requests: {cpus: 1, memory: 67108864}, limits: {cpus: Unlimited, memory: Unlimited}}`},
		"limits of nothing are refused":             {spec: `shell: x, resources: {requests: {cpus: 1, memory: 64Mi}, limits: {}}`, want: "spec.resources.limits"},
		"limits without quotes are accepted":        {spec: `shell: x, resources: {requests: {cpus: 1, memory: 64Mi}, limits: {cpus: 2, memory: 67108864}}`},
		"a fraction for a limit is accepted":        {spec: `shell: x, resources: {requests: {cpus: 1, memory: 64Mi}, limits: {cpus: 1.5}}`},
		"a word for a limit is refused":             {spec: `shell: x, resources: {requests: {cpus: 1, memory: 64Mi}, limits: {cpus: unlimited}}`, want: "spec.resources.limits.cpus"},
		"a limit of too little is refused":          {spec: `shell: x, resources: {requests: {cpus: 1, memory: 64Mi}, limits: {cpus: 0.009}}`, want: "should be greater than or equal to 0.01"},
		"true for a limit is refused":               {spec: `shell: x, resources: {requests: {cpus: 1, memory: 64Mi}, limits: {cpus: true}}`, want: "spec.resources.limits.cpus"},
		"a memory limit without quotes is bytes":    {spec: `shell: x, resources: {requests: {cpus: 1, memory: 64Mi}, limits: {memory: 128}}`, want: "resources.limits.memory must be from 1Mi to 1Pi, or Unlimited; a number without a unit is bytes"},
		"a memory limit in MiB is refused":          {spec: `shell: x, resources: {requests: {cpus: 1, memory: 64Mi}, limits: {memory: "128"}}`, want: "resources.limits.memory must be from 1Mi to 1Pi, or Unlimited; a number without a unit is bytes"},
		"a memory limit below the request":          {spec: `shell: x, resources: {requests: {cpus: 1, memory: 64Mi}, limits: {memory: 63Mi}}`, want: "resources.limits.memory must not be less than resources.requests.memory"},
		"a limit on disk is refused":                {spec: `shell: x, resources: {requests: {cpus: 1, memory: 64Mi}, limits: {cpus: "1", disk: 1Gi}}`, want: "spec.resources.limits.disk"},
		"revocable resources are accepted":          {spec: `shell: x, resources: {requests: {cpus: 1, memory: 64Mi}, revocable: true}`},
		"other resources are accepted":              {spec: `shell: x, resources: {requests: {cpus: 1, memory: 64Mi}, other: [{name: fpga, scalar: "0.5"}, {name: licences, set: [a, b]}, {name: org.example/lanes, ranges: 2}]}`},
		"another resource without an amount":        {spec: `shell: x, resources: {requests: {cpus: 1, memory: 64Mi}, other: [{name: fpga}]}`, want: "exactly one of scalar, set and ranges must be set"},
		"another resource of two types":             {spec: `shell: x, resources: {requests: {cpus: 1, memory: 64Mi}, other: [{name: fpga, scalar: "1", ranges: 1}]}`, want: "exactly one of scalar, set and ranges must be set"},
		"another resource that has its place":       {spec: `shell: x, resources: {requests: {cpus: 1, memory: 64Mi}, other: [{name: mem, scalar: "1"}]}`, want: "cpus, memory, disk and gpus stand in resources.requests"},
		"another resource without quotes":           {spec: `shell: x, resources: {requests: {cpus: 1, memory: 64Mi}, other: [{name: fpga, scalar: 2}]}`},
		"another resource in part, without quotes":  {spec: `shell: x, resources: {requests: {cpus: 1, memory: 64Mi}, other: [{name: fpga, scalar: 0.5}]}`, want: "spec.resources.other[0].scalar"},
		"another resource of less than nothing":     {spec: `shell: x, resources: {requests: {cpus: 1, memory: 64Mi}, other: [{name: fpga, scalar: -1}]}`, want: "resources.other.scalar must be a decimal number above 0"},
		"another resource of nothing":               {spec: `shell: x, resources: {requests: {cpus: 1, memory: 64Mi}, other: [{name: fpga, scalar: "0.0"}]}`, want: "resources.other.scalar must be a decimal number above 0"},
		"another resource finer than Mesos'":        {spec: `shell: x, resources: {requests: {cpus: 1, memory: 64Mi}, other: [{name: fpga, scalar: "0.0005"}]}`, want: "with at most three places, in quotes where it has a fraction"},
		"another resource twice":                    {spec: `shell: x, resources: {requests: {cpus: 1, memory: 64Mi}, other: [{name: fpga, scalar: "1"}, {name: fpga, scalar: "1"}]}`, want: "Duplicate value"},
		"an item twice":                             {spec: `shell: x, resources: {requests: {cpus: 1, memory: 64Mi}, other: [{name: fpga, set: [a, a]}]}`, want: "Duplicate value"},
		"words for an amount are refused":           {spec: `shell: x, resources: {requests: {cpus: lots, memory: 64Mi}}`, want: "spec.resources.requests.cpus"},
		"negative disk is refused":                  {spec: `shell: x, resources: {requests: {cpus: 1, memory: 64Mi, disk: -1Gi}}`, want: "resources.requests.disk must be from 1Mi to 1Pi"},
		"a name with a dot is refused":              {name: "a.b", spec: `shell: x, ` + requests, want: "metadata.name must be a DNS label"},
		"a name of 64 characters is refused":        {name: strings.Repeat("a", 64), spec: `shell: x, ` + requests, want: "metadata.name must be a DNS label"},
		"a port out of range is refused":            {spec: `shell: x, ports: [{name: http, hostPort: 70000}], ` + requests, want: "spec.ports[0].hostPort"},
		"a port's name in upper case is refused":    {spec: `shell: x, ports: [{name: HTTP}], ` + requests, want: "spec.ports[0].name"},
		"one host port twice is refused":            {spec: `shell: x, ports: [{name: a, hostPort: 31000}, {name: b}, {name: c, hostPort: 31000}], ` + requests, want: "two ports of one protocol cannot have one hostPort"},
		"several host ports are accepted":           {spec: `shell: x, ports: [{name: a, hostPort: 31000}, {name: b}, {name: c}, {name: d, hostPort: 31001}], ` + requests},
		"TCP written out is no other protocol":      {spec: `shell: x, ports: [{name: a, hostPort: 53}, {name: b, hostPort: 53, protocol: TCP}], ` + requests, want: "two ports of one protocol cannot have one hostPort"},
		"a port in a range is refused":              {spec: `shell: x, ports: [{name: a, hostPort: 53}, {name: b, hostPort: 53, protocol: UDP}], portRanges: [{name: r, from: 50, to: 99, protocol: UDP}, {name: s, from: 54, to: 99}], ` + requests, want: "is in one of spec.portRanges"},
		"ports and ranges are accepted":             {spec: `shell: x, ports: [{name: a, hostPort: 53}, {name: b, hostPort: 53, protocol: UDP, labels: [{name: VIP_0, value: "/a:53"}, {name: b}]}], portRanges: [{name: r, from: 54, to: 1053, protocol: UDP}, {name: s, from: 54, to: 99}], ` + requests},
		"another protocol is refused":               {spec: `shell: x, ports: [{name: a, protocol: SCTP}], ` + requests, want: "spec.ports[0].protocol"},
		"a label of the operator's is refused":      {spec: `shell: x, ports: [{name: a, labels: [{name: mesos.dev/name, value: x}]}], ` + requests, want: "are the operator's"},
		"a range from its end is refused":           {spec: `shell: x, portRanges: [{name: r, from: 99, to: 54}], ` + requests, want: "from must not be more than to"},
		"a range of 1,001 ports is refused":         {spec: `shell: x, portRanges: [{name: r, from: 1, to: 1001}], ` + requests, want: "a range has at most 1,000 ports"},
		"ranges that overlap are refused":           {spec: `shell: x, portRanges: [{name: r, from: 1, to: 9}, {name: s, from: 9, to: 10, protocol: TCP}], ` + requests, want: "two of portRanges overlap"},
		"a range named as a port is refused":        {spec: `shell: x, ports: [{name: r}], portRanges: [{name: r, from: 1, to: 9}], ` + requests, want: "have the same name"},
		"two ports of one name are refused":         {spec: `shell: x, ports: [{name: a}, {name: a}], ` + requests, want: "Duplicate value"},
		"an output file outside is refused":         {spec: `shell: x, uris: [{value: "http://h/x", outputFile: ../x}], ` + requests, want: "outputFile must be a path inside the sandbox"},
		"a blank in a URI is refused":               {spec: `shell: x, uris: [{value: "http://h/a b"}], ` + requests, want: "write %20 for a blank"},
		"a blank before a URI is refused":           {spec: `shell: x, uris: [{value: " http://h/a"}], ` + requests, want: "a URI must have no blanks"},
		"a line break in a URI is refused":          {spec: `shell: x, uris: [{value: "http://h/a\n"}], ` + requests, want: "a URI must have no blanks"},
		"a quote in a URI is refused":               {spec: `shell: x, uris: [{value: "http://h/a'b"}], ` + requests, want: "%27 and %22 for quotes"},
		"a double quote in a URI is refused":        {spec: `shell: x, uris: [{value: 'http://h/a"b'}], ` + requests, want: "a URI must have no blanks"},
		"a backslash in a URI is refused":           {spec: `shell: x, uris: [{value: 'C:\a'}], ` + requests, want: "a URI must have no blanks"},
		"a URI of a host alone is refused":          {spec: `shell: x, uris: [{value: "http://h", outputFile: a}, {value: "hdfs://h/", outputFile: b}], ` + requests, want: "there is no path behind the host"},
		"a URI without a file's name is refused":    {spec: `shell: x, uris: [{value: "http://h/a/"}], ` + requests, want: "set outputFile, or name the file"},
		"such a URI with an output file is fine":    {spec: `shell: x, uris: [{value: "http://h/a/", outputFile: a}, {value: "file:///a"}, {value: /a}, {value: a.tgz}, {value: "http://h/?x=%20"}], ` + requests},
		"agents are avoided or not":                 {spec: `shell: x, avoidFailedAgents: Required, ` + requests, want: "spec.avoidFailedAgents"},
		"an unknown restart policy is refused":      {spec: `shell: x, restartPolicy: Sometimes, ` + requests, want: "spec.restartPolicy"},
		"negative restarts are refused":             {spec: `shell: x, maxRestarts: -1, ` + requests, want: "spec.maxRestarts"},
		"a backoff that shrinks is refused":         {spec: `shell: x, backoff: {initialSeconds: 5, maxSeconds: 2}, ` + requests, want: "backoff.initialSeconds must not be more than backoff.maxSeconds"},
		"a backoff that always stays is accepted":   {spec: `shell: x, backoff: {factor: 1}, ` + requests},
		"a factor with a fraction is accepted":      {spec: `shell: x, backoff: {factor: "1.5"}, ` + requests},
		"a factor in thousandths is accepted":       {spec: `shell: x, backoff: {factor: 1500m}, ` + requests},
		"a factor without quotes is accepted":       {spec: `shell: x, backoff: {factor: 1.5}, ` + requests},
		"a factor below 1 is refused":               {spec: `shell: x, backoff: {factor: "0.5"}, ` + requests, want: "spec.backoff.factor"},
		"a factor below 1 without quotes":           {spec: `shell: x, backoff: {factor: 0.5}, ` + requests, want: "should be greater than or equal to 1"},
		"a factor above 10 is refused":              {spec: `shell: x, backoff: {factor: 11}, ` + requests, want: "should be less than or equal to 10"},
		"a word for a factor is refused":            {spec: `shell: x, backoff: {factor: twice}, ` + requests, want: "spec.backoff.factor"},
		"a deadline and a TTL are accepted":         {spec: `shell: x, activeDeadlineSeconds: 1, ttlSecondsAfterFinished: 0, ` + requests},
		"no time at all is refused":                 {spec: `shell: x, activeDeadlineSeconds: 0, ` + requests, want: "spec.activeDeadlineSeconds"},
		"a deadline in eleven years is refused":     {spec: `shell: x, activeDeadlineSeconds: 315360001, ` + requests, want: "spec.activeDeadlineSeconds"},
		"a TTL before the end is refused":           {spec: `shell: x, ttlSecondsAfterFinished: -1, ` + requests, want: "spec.ttlSecondsAfterFinished"},
		"an environment variable twice is refused":  {spec: `shell: x, env: [{name: A}, {name: A}], ` + requests, want: "Duplicate value"},
		"a shell command that is empty is refused":  {spec: `shell: "", ` + requests, want: "spec.shell"},
		"an empty list of commands is refused":      {spec: `command: [], ` + requests, want: "spec.command"},
		"a user that is no user name is refused":    {spec: `shell: x, user: "a b", ` + requests, want: "spec.user"},
		"a misspelt field is refused when strict":   {spec: `shell: x, comand: [a], ` + requests, want: `unknown field "spec.comand"`},
		"a negative kill grace period is refused":   {spec: `shell: x, killGracePeriodSeconds: -1, ` + requests, want: "spec.killGracePeriodSeconds"},
		"a reference to no framework is refused":    {spec: `shell: x, frameworkRef: {}, ` + requests, want: "spec.frameworkRef.name"},
		"a role with 254 characters is refused":     {spec: `shell: x, role: "` + strings.Repeat("r", 254) + `", ` + requests, want: "spec.role"},
		"a command line of 65 KiB is refused":       {spec: `shell: "` + strings.Repeat("x", 65537) + `", ` + requests, want: "spec.shell"},
		"a NUL in a shell's command is refused":     {spec: `shell: "a\0b", ` + requests, want: "spec.shell"},
		"a NUL in a command is refused":             {spec: `command: ["a\0b"], ` + requests, want: "spec.command[0]"},
		"a NUL in an argument is refused":           {spec: `command: [a], args: [b, "\0"], ` + requests, want: "spec.args[1]"},
		"a NUL in a variable is refused":            {spec: `shell: x, env: [{name: A, value: "a\0"}], ` + requests, want: "spec.env[0].value"},
		"a NUL in a URI is refused":                 {spec: `shell: x, uris: [{value: "/a\0"}], ` + requests, want: "a URI must have no blanks"},
		"a NUL in an output file is refused":        {spec: `shell: x, uris: [{value: /a, outputFile: "a\0"}], ` + requests, want: "spec.uris[0].outputFile"},
		"text of all other kinds is accepted":       {spec: `command: ["", "\t\n\r\e\"'\\ 😀"], env: [{name: A, value: "\n"}], ` + requests},
		"variables of other programs are accepted":  {spec: `shell: x, env: [{name: SSL_CERT_FILE}, {name: MESOS_NATIVE_JAVA_LIBRARY}, {name: MESOS_MASTER}, {name: MESOS_LOCALITY}, {name: GLOG_v}, {name: PATH}, {name: HOST}, {name: PORTS}, {name: XLIBPROCESS_IP}], ` + requests},
		"values from elsewhere are accepted":        {spec: `shell: x, env: [{name: A, valueFrom: {secretKeyRef: {name: s.x, key: tls.crt, optional: true}}}, {name: B, valueFrom: {configMapKeyRef: {name: c, key: K_1}}}, {name: C, valueFrom: {fieldRef: {fieldPath: "metadata.labels['a.b/C_d']"}}}, {name: D, valueFrom: {fieldRef: {fieldPath: status.taskID}}}], envFrom: [{secretRef: {name: s}, prefix: DB_}, {configMapRef: {name: c, optional: true}}], ` + requests},
		"a value and one from elsewhere is refused": {spec: `shell: x, env: [{name: A, value: "", valueFrom: {fieldRef: {fieldPath: metadata.name}}}], ` + requests, want: "a variable has either value or valueFrom"},
		"a value from nowhere is refused":           {spec: `shell: x, env: [{name: A, valueFrom: {}}], ` + requests, want: "exactly one of secretKeyRef"},
		"a value from two places is refused":        {spec: `shell: x, env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}, fieldRef: {fieldPath: metadata.name}}}], ` + requests, want: "exactly one of secretKeyRef"},
		"a Secret in another namespace is refused":  {spec: `shell: x, env: [{name: A, valueFrom: {secretKeyRef: {name: other/s, key: k}}}], ` + requests, want: "secretKeyRef.name"},
		"a key that no Secret has is refused":       {spec: `shell: x, env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: "a b"}}}], ` + requests, want: "secretKeyRef.key"},
		"a field that is none is refused":           {spec: `shell: x, env: [{name: A, valueFrom: {fieldRef: {fieldPath: "metadata.labels['a b']"}}}], ` + requests, want: "fieldPath must be"},
		"another field is refused":                  {spec: `shell: x, env: [{name: A, valueFrom: {fieldRef: {fieldPath: metadata.uid}}}], ` + requests, want: "fieldPath must be"},
		"all of nothing is refused":                 {spec: `shell: x, envFrom: [{prefix: A}], ` + requests, want: "exactly one of secretRef"},
		"all of two sources at once is refused":     {spec: `shell: x, envFrom: [{secretRef: {name: s}, configMapRef: {name: c}}], ` + requests, want: "exactly one of secretRef"},
		"a prefix that is no name is refused":       {spec: `shell: x, envFrom: [{secretRef: {name: s}, prefix: 1A}], ` + requests, want: "spec.envFrom[0].prefix"},
		"labels and discovery are accepted":         {spec: `shell: x, labels: [{name: "HAPROXY_0_VHOST", value: "a b"}, {name: ü}], discovery: {name: front.shop, visibility: External, labels: [{name: a}]}, ` + requests},
		"a task's label of the operator's":          {spec: `shell: x, labels: [{name: mesos.dev/name, value: other}], ` + requests, want: "labels in Mesos that begin with mesos.dev/ are the operator's"},
		"a label twice is refused":                  {spec: `shell: x, labels: [{name: a}, {name: a}], ` + requests, want: "Duplicate value"},
		"a label of discovery is no exception":      {spec: `shell: x, discovery: {labels: [{name: mesos.dev/x}]}, ` + requests, want: "are the operator's"},
		"a visibility that is none is refused":      {spec: `shell: x, discovery: {visibility: All}, ` + requests, want: "spec.discovery.visibility"},
		"a name with blanks to be found by":         {spec: `shell: x, discovery: {name: a b}, ` + requests, want: "spec.discovery.name"},
		"an environment of 1,025 values is refused": {spec: `shell: x, env: [` + environment(1025) + `], ` + requests, want: "spec.env"},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			name := tc.name
			if name == "" {
				name = "task"
			}
			object := parse(t, fmt.Sprintf(taskManifest, name, tc.spec))
			checkAdmission(t, object, tc.want)
		})
	}
}

// Each of these, set by the user, keeps the executor from registering, or takes effect on it instead of the task.
func TestMesosTask_variablesOfTheExecutor(t *testing.T) {
	for _, name := range []string{
		"LIBPROCESS_IP", "LIBPROCESS_PORT", "LIBPROCESS_ADVERTISE_IP", "LIBPROCESS_NUM_WORKER_THREADS", "LIBPROCESS_SSL_ENABLED", "LIBPROCESS_x",
		"MESOS_FRAMEWORK_ID", "MESOS_EXECUTOR_ID", "MESOS_SLAVE_ID", "MESOS_SLAVE_PID", "MESOS_DIRECTORY", "MESOS_CHECKPOINT", "MESOS_LOCAL",
		"MESOS_RECOVERY_TIMEOUT", "MESOS_SUBSCRIPTION_BACKOFF_MAX", "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", "MESOS_EXECUTOR_AUTHENTICATION_TOKEN",
		"MESOS_DOMAIN_SOCKET", "MESOS_HTTP_COMMAND_EXECUTOR", "MESOS_ALLOCATION_ROLE", "MESOS_QUIET", "MESOS_LOG_DIR", "MESOS_LOGGING_LEVEL",
		"MESOS_LOGBUFSECS", "MESOS_INITIALIZE_DRIVER_LOGGING", "MESOS_EXTERNAL_LOG_FILE", "SSL_ENABLED", "SSL_enabled", "SSL_ENABLE_TLS_V1_2",
	} {
		t.Run(name, func(t *testing.T) {
			object := parse(t, fmt.Sprintf(taskManifest, "task", `shell: x, env: [{name: A}, {name: `+name+`, value: "1"}], `+requests))
			checkAdmission(t, object, "Mesos' executor, which runs the task, reads this variable itself")
		})
	}
}

// environment writes n variables in YAML's flow style.
func environment(n int) string {
	variables := make([]string, n)
	for i := range variables {
		variables[i] = fmt.Sprintf("{name: A%d}", i)
	}
	return strings.Join(variables, ", ")
}

// checkAdmission creates the object in a dry run and compares the verdict with want.
func checkAdmission(t *testing.T, object *unstructured.Unstructured, want string) {
	t.Helper()
	err := apiClient.Create(t.Context(), object, client.DryRunAll, client.FieldValidation("Strict"))
	switch {
	case want == "" && err != nil:
		t.Errorf("refused: %v", err)
	case want != "" && err == nil:
		t.Errorf("accepted, want a refusal with %q", want)
	case want != "" && !strings.Contains(err.Error(), want):
		t.Errorf("refused with %q, want %q in it", err, want)
	}
}

const frameworkManifest = `
apiVersion: mesos.dev/v1alpha1
kind: MesosFramework
metadata: {name: f}
spec: {%s}
`

const masters = `masters: {urls: ["http://m1:5050"]}`

func TestMesosFramework_admission(t *testing.T) {
	cases := map[string]struct{ spec, want string }{
		"masters alone are enough":                                  {spec: masters},
		"several masters are accepted":                              {spec: `masters: {urls: ["http://m1:5050", "https://[::1]:5050/"]}`},
		"no masters are refused":                                    {spec: ``, want: "spec.masters"},
		"an empty list of masters is refused":                       {spec: `masters: {urls: []}`, want: "spec.masters.urls"},
		"a master without a scheme is refused":                      {spec: `masters: {urls: ["m1:5050"]}`, want: "must be an http or https URL"},
		"a master with a path is refused":                           {spec: `masters: {urls: ["http://m1:5050/api"]}`, want: "must be an http or https URL"},
		"a password in a URL is refused":                            {spec: `masters: {urls: ["http://u:p@m1:5050"]}`, want: "must not contain user information"},
		"a short failover timeout is refused":                       {spec: masters + `, info: {failoverTimeoutSeconds: 60}`, want: "spec.info.failoverTimeoutSeconds"},
		"a default role of its own is refused":                      {spec: masters + `, info: {roles: [a], defaultRole: b}`, want: "info.defaultRole must be one of info.roles"},
		"roles with their default are accepted":                     {spec: masters + `, info: {roles: [a, b/c], defaultRole: b/c}`},
		"a role with a space is refused":                            {spec: masters + `, info: {roles: ["a b"], defaultRole: "a b"}`, want: "spec.info.roles"},
		"a role twice is refused":                                   {spec: masters + `, info: {roles: [a, a], defaultRole: a}`, want: "Duplicate value"},
		"an unknown capability is refused":                          {spec: masters + `, info: {capabilities: [MULTI_ROLE]}`, want: "spec.info.capabilities"},
		"a backoff that shrinks is refused":                         {spec: masters + `, reconciliation: {minBackoffSeconds: 9, maxBackoffSeconds: 8}`, want: "reconciliation.minBackoffSeconds must not be more"},
		"a framework ID with a slash is refused":                    {spec: masters + `, info: {id: a/b}`, want: "spec.info.id"},
		"a chunk size of nothing is refused":                        {spec: masters + `, reconciliation: {chunkSize: 0}`, want: "spec.reconciliation.chunkSize"},
		"an unknown deletion policy is refused":                     {spec: masters + `, deletionPolicy: Burn`, want: "spec.deletionPolicy"},
		"a web UI that is no URL is refused":                        {spec: masters + `, info: {webUIURL: "not a url"}`, want: "info.webUIURL must be a URL"},
		"a page of a web UI is accepted":                            {spec: masters + `, info: {webUIURL: "https://x/y?z=1"}`},
		"offers refused for no time are refused":                    {spec: masters + `, offers: {refuseSeconds: 0}`, want: "spec.offers.refuseSeconds"},
		"credentials over plain HTTP are refused":                   {spec: masters + `, credentialsSecretRef: {name: c}`, want: "spec.credentialsSecretRef needs masters with https URLs"},
		"credentials that may be read are accepted":                 {spec: masters + `, credentialsSecretRef: {name: c}, allowInsecure: true`},
		"credentials over HTTPS are accepted":                       {spec: `masters: {urls: ["https://m1:5050", "HTTPS://m2"]}, credentialsSecretRef: {name: c}`},
		"credentials partly over HTTP are refused":                  {spec: `masters: {urls: ["https://m1:5050", "http://m2"]}, credentialsSecretRef: {name: c}`, want: "spec.credentialsSecretRef needs"},
		"all of TLS is accepted":                                    {spec: `masters: {urls: ["https://m1:5050"]}, tls: {caSecretRef: {name: ca}, clientCertificateSecretRef: {name: crt}}`},
		"an authority that does not count is refused":               {spec: masters + `, tls: {caSecretRef: {name: ca}, insecureSkipVerify: true}`, want: "tls.caSecretRef has no effect"},
		"ZooKeeper is accepted":                                     {spec: `masters: {zookeeper: {servers: ["z1:2181", "10.0.0.1:2181", "[::1]:2181"], path: /mesos/prod, authSecretRef: {name: zk}}}`},
		"both URLs and ZooKeeper are refused":                       {spec: `masters: {urls: ["http://m1:5050"], zookeeper: {servers: ["z1:2181"], path: /mesos}}`, want: "exactly one of masters.urls and masters.zookeeper"},
		"neither URLs nor ZooKeeper is refused":                     {spec: `masters: {}`, want: "spec.masters"},
		"a ZooKeeper without a port is refused":                     {spec: `masters: {zookeeper: {servers: [z1], path: /mesos}}`, want: "spec.masters.zookeeper.servers"},
		"a ZooKeeper with a password is refused":                    {spec: `masters: {zookeeper: {servers: ["u:p@z1:2181"], path: /mesos}}`, want: "spec.masters.zookeeper.servers"},
		"a relative path is refused":                                {spec: `masters: {zookeeper: {servers: ["z1:2181"], path: mesos}}`, want: "spec.masters.zookeeper.path"},
		"credentials to masters of ZooKeeper over HTTP are refused": {spec: `masters: {zookeeper: {servers: ["z1:2181"], path: /mesos}}, credentialsSecretRef: {name: c}`, want: "spec.credentialsSecretRef needs"},
		"credentials to them over TLS are accepted":                 {spec: `masters: {zookeeper: {servers: ["z1:2181"], path: /mesos}}, credentialsSecretRef: {name: c}, tls: {}`},
		"a Secret in another namespace is refused":                  {spec: masters + `, allowInsecure: true, credentialsSecretRef: {name: kube-system/c}`, want: "spec.credentialsSecretRef.name"},
		"what a framework permits is accepted":                      {spec: masters + `, info: {roles: ["*", prod]}, allowedNamespaces: {from: Selector, selector: {matchLabels: {team: a}}}, allowedUsers: ["*", root], allowedRoles: [{role: prod, namespaces: {from: All}}]`},
		"a selector without namespaces from it is refused":          {spec: masters + `, allowedNamespaces: {from: All, selector: {}}`, want: "selector must be set where from is Selector"},
		"namespaces from a selector without one are refused":        {spec: masters + `, allowedNamespaces: {from: Selector}`, want: "selector must be set where from is Selector"},
		"a role for namespaces without a selector is refused":       {spec: masters + `, allowedRoles: [{role: "*", namespaces: {from: Selector}}]`, want: "selector must be set where from is Selector"},
		"namespaces from elsewhere are refused":                     {spec: masters + `, allowedNamespaces: {from: Same}`, want: "spec.allowedNamespaces.from"},
		"a role that is not the framework's is refused":             {spec: masters + `, allowedRoles: [{role: prod, namespaces: {from: All}}]`, want: "each of spec.allowedRoles must be one of spec.info.roles"},
		"a role listed twice is refused":                            {spec: masters + `, allowedRoles: [{role: "*", namespaces: {from: All}}, {role: "*", namespaces: {from: All}}]`, want: "Duplicate value"},
		"a user with a space is refused":                            {spec: masters + `, allowedUsers: ["a b"]`, want: "spec.allowedUsers"},
		"networks of either kind are accepted":                      {spec: masters + `, endpoints: {cidrs: [10.0.0.0/8, "fd00::/8"]}`},
		"an address that is no network is refused":                  {spec: masters + `, endpoints: {cidrs: [10.0.0.1]}`, want: "spec.endpoints.cidrs"},
		"a network of no size is refused":                           {spec: masters + `, endpoints: {cidrs: [10.0.0.0/33]}`, want: "spec.endpoints.cidrs"},
		"no networks at all are refused":                            {spec: masters + `, endpoints: {cidrs: []}`, want: "spec.endpoints.cidrs"},
		"roles without a default role are refused":                  {spec: masters + `, info: {roles: [a]}`, want: "info.defaultRole must be one of info.roles"},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			checkAdmission(t, parse(t, fmt.Sprintf(frameworkManifest, tc.spec)), tc.want)
		})
	}
}

func TestAdmission_whatCannotBeChanged(t *testing.T) {
	cases := map[string]struct{ manifest, field, value, want string }{
		"a task's framework":       {fmt.Sprintf(taskManifest, "fixed", `shell: x, `+requests), "frameworkRef", "other", "spec.frameworkRef cannot be changed"},
		"a framework's controller": {fmt.Sprintf(frameworkManifest, masters), "controllerName", "other", "spec.controllerName cannot be changed"},
		"a framework's user":       {fmt.Sprintf(frameworkManifest, masters), "info.user", "other", "spec.info.user cannot be changed"},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			object := parse(t, tc.manifest)
			if err := apiClient.Create(t.Context(), object); err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := apiClient.Delete(t.Context(), object); err != nil {
					t.Error(err)
				}
			}()
			path := append([]string{"spec"}, strings.Split(tc.field, ".")...)
			var value any = tc.value
			if tc.field == "frameworkRef" {
				value = map[string]any{"name": tc.value}
			}
			changed := object.DeepCopy()
			if err := unstructured.SetNestedField(changed.Object, value, path...); err != nil {
				t.Fatal(err)
			}
			if err := apiClient.Update(t.Context(), changed); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("changing it: %v, want a refusal with %q", err, tc.want)
			}
		})
	}
}

func TestStatus_observedGenerationBeginsBeforeTheFirst(t *testing.T) {
	object := parse(t, fmt.Sprintf(taskManifest, "fresh", `shell: x, `+requests))
	if err := apiClient.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := apiClient.Delete(t.Context(), object); err != nil {
			t.Error(err)
		}
	}()
	got, found, err := unstructured.NestedInt64(object.Object, "status", "observedGeneration")
	if err != nil || !found || got != -1 {
		t.Errorf("status.observedGeneration = %d (found %t, error %v), want -1: kstatus reads InProgress then", got, found, err)
	}
}

// Whoever brings a file of Marathon's writes fractions without quotes. They are kept as they were written, so that applying the file again changes
// nothing, and read as what they say.
func TestMesosTask_fractionsWithoutQuotes(t *testing.T) {
	const manifest = `
apiVersion: mesos.dev/v1alpha1
kind: MesosTask
metadata: {name: fraction, namespace: default}
spec: {shell: x, resources: {requests: {cpus: 0.5, memory: 64Mi}}}`
	for _, step := range []struct {
		arguments []string
		says      string
	}{
		{[]string{"apply", "-f", "-"}, "created"},
		{[]string{"apply", "-f", "-"}, "unchanged"},
		{[]string{"apply", "--server-side", "-f", "-"}, "serverside-applied"},
		{[]string{"diff", "-f", "-"}, ""},
	} {
		output, err := env.Kubectl(t.Context(), manifest, nil, step.arguments...)
		if err != nil || !strings.Contains(output, step.says) || step.says == "" && output != "" {
			t.Fatalf("kubectl %v ended with %v and said %q, want %q", step.arguments, err, output, step.says)
		}
	}
	task := &v1alpha1.MesosTask{}
	if err := apiClient.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "fraction"}, task); err != nil {
		t.Fatal(err)
	}
	if got := task.Spec.Resources.Requests.CPUs; got.MilliValue() != 500 || task.Generation != 1 {
		t.Errorf("it asks for %s CPUs in generation %d, want 500m in the first", got.String(), task.Generation)
	}
	if err := apiClient.Delete(t.Context(), task); err != nil {
		t.Error(err)
	}
}

// TestMesosTask_rangesOfAnEarlierRelease: what an earlier CRD admitted and this one refuses can be suspended, deleted and mended, as long as what is refused
// stays as it is.
func TestMesosTask_rangesOfAnEarlierRelease(t *testing.T) {
	const refusal = "spec.portRanges are not to be had"
	crd := &unstructured.Unstructured{}
	crd.SetAPIVersion("apiextensions.k8s.io/v1")
	crd.SetKind("CustomResourceDefinition")
	if err := apiClient.Get(t.Context(), client.ObjectKey{Name: "mesostasks.mesos.dev"}, crd); err != nil {
		t.Fatal(err)
	}
	// The same under another name, at first without the rule.
	earlier := &unstructured.Unstructured{Object: map[string]any{"apiVersion": crd.GetAPIVersion(), "kind": crd.GetKind(), "spec": crd.DeepCopy().Object["spec"]}}
	earlier.SetName("earliertasks.earlier.mesos.dev")
	for path, value := range map[string]any{"group": "earlier.mesos.dev", "names": map[string]any{"kind": "EarlierTask", "listKind": "EarlierTaskList", "plural": "earliertasks", "singular": "earliertask"}} {
		if err := unstructured.SetNestedField(earlier.Object, value, "spec", path); err != nil {
			t.Fatal(err)
		}
	}
	specOf := func(crd *unstructured.Unstructured) map[string]any {
		version := crd.Object["spec"].(map[string]any)["versions"].([]any)[0].(map[string]any)
		return version["schema"].(map[string]any)["openAPIV3Schema"].(map[string]any)["properties"].(map[string]any)["spec"].(map[string]any)
	}
	rules := specOf(earlier)["x-kubernetes-validations"].([]any)
	specOf(earlier)["x-kubernetes-validations"] = slices.DeleteFunc(slices.Clone(rules), func(rule any) bool {
		return strings.Contains(rule.(map[string]any)["message"].(string), refusal)
	})
	if err := apiClient.Create(t.Context(), earlier); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = apiClient.Delete(context.WithoutCancel(t.Context()), earlier) }()
	object := func(name, spec string) *unstructured.Unstructured {
		task := parse(t, fmt.Sprintf(taskManifest, name, spec+", "+requests))
		task.SetAPIVersion("earlier.mesos.dev/v1alpha1")
		task.SetKind("EarlierTask")
		return task
	}
	const ranges = `container: {image: x, networks: [{mode: Bridge}], docker: {}}, portRanges: [{name: r, from: 1, to: 9}]`
	task := object("kept", ranges)
	served(t, "an earlier release", func() bool { return apiClient.Create(t.Context(), task) == nil })
	if err := apiClient.Get(t.Context(), client.ObjectKeyFromObject(earlier), earlier); err != nil {
		t.Fatal(err)
	}
	specOf(earlier)["x-kubernetes-validations"] = rules
	if err := apiClient.Update(t.Context(), earlier); err != nil {
		t.Fatal(err)
	}
	served(t, "this release refuses it anew", func() bool {
		err := apiClient.Create(t.Context(), object("new", ranges), client.DryRunAll)
		return err != nil && strings.Contains(err.Error(), refusal)
	})
	for sentence, c := range map[string]struct {
		patch string
		want  string
	}{
		"it is suspended":       {`{"spec":{"suspend":true}}`, ""},
		"it is to be let go":    {`{"spec":{"deletionPolicy":"Orphan"}}`, ""},
		"another image":         {`{"spec":{"container":{"image":"y"}}}`, ""},
		"another range":         {`{"spec":{"portRanges":[{"name":"r","from":1,"to":8}]}}`, refusal},
		"another network":       {`{"spec":{"container":{"networks":[{"mode":"Container","name":"n"}],"docker":null}}}`, refusal},
		"without the ranges":    {`{"spec":{"portRanges":null}}`, ""},
		"in the host's network": {`{"spec":{"container":{"networks":[{"mode":"Host"}]}}}`, ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			err := apiClient.Patch(t.Context(), task.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(c.patch)), client.DryRunAll)
			if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("patching it: %v, want a refusal with %q", err, c.want)
			}
		})
	}
}

// served waits until the API server serves a CRD as it was changed last.
func served(t *testing.T, what string, done func() bool) {
	t.Helper()
	if err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, time.Minute, true, func(context.Context) (bool, error) { return done(), nil }); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}
