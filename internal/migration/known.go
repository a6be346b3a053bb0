package migration

import (
	"slices"
	"strings"
)

// knownFields are the fields that a scheduler knows of the objects that a definition is made of, by where an object stands in it: those of all its
// versions. Fields that it does not know it passes over without a word (Marathon: type-generator, and play-json before; Chronos: JobDeserializer), so
// that one which stands in a definition changed nothing there. What an object that is not listed may hold is not known here, as with labels and env.
var knownFields = map[kind]map[string][]string{
	kindApp: {
		"": strings.Fields(`acceptedResourceRoles args backoffFactor backoffSeconds check cmd constraints container cpus dependencies deployments disk env
			executor executorResources fetch gpus healthChecks id instances ipAddress killSelection labels lastTaskFailure maxLaunchDelaySeconds mem networks
			portDefinitions ports readinessCheckResults readinessChecks requirePorts residency resourceLimits role secrets storeUrls
			taskKillGracePeriodSeconds taskRateLimit taskStats tasks tasksHealthy tasksRunning tasksStaged tasksUnhealthy tty unreachableStrategy
			upgradeStrategy uris user version versionInfo`),
		"container":                     strings.Fields("appc docker linuxInfo portMappings type volumes"),
		"container.docker":              strings.Fields("credential forcePullImage image network parameters portMappings privileged pullConfig"),
		"container.docker.parameters":   strings.Fields("key value"),
		"container.docker.portMappings": mappingFields,
		"container.portMappings":        mappingFields,
		"container.volumes":             strings.Fields("containerPath external hostPath mode persistent secret"),
		"container.volumes.external":    strings.Fields("name options provider shared size"),
		"fetch":                         strings.Fields("cache destPath executable extract outputFile uri"),
		"healthChecks": strings.Fields(`command delaySeconds exec gracePeriodSeconds http ignoreHttp1xx intervalSeconds ipProtocol maxConsecutiveFailures path
			port portIndex protocol tcp timeoutSeconds`),
		"ipAddress":                 strings.Fields("discovery groups labels networkName"),
		"ipAddress.discovery":       {"ports"},
		"ipAddress.discovery.ports": strings.Fields("labels name number protocol"),
		"networks":                  strings.Fields("labels mode name"),
		"portDefinitions":           strings.Fields("labels name port protocol"),
		"readinessChecks": strings.Fields(
			"httpStatusCodesForReady intervalSeconds name path portName preserveLastResponse protocol timeoutSeconds"),
		"unreachableStrategy": strings.Fields("expungeAfterSeconds inactiveAfterSeconds unreachableExpungeAfterSeconds unreachableInactiveAfterSeconds"),
		"upgradeStrategy":     strings.Fields("maximumOverCapacity minimumHealthCapacity"),
	},
	kindGroup: {"": strings.Fields("apps dependencies enforceRole groups id pods scaleBy version")},
	kindPod: {
		"": strings.Fields(`containers environment executorResources id instances labels lastChanged lastUpdated legacySharedCgroups linuxInfo networks role
			scaling scheduling secrets spec status statusSince terminationHistory user version volumes`),
		"containers": strings.Fields(`artifacts check endpoints environment exec healthCheck image labels lifecycle linuxInfo name resourceLimits resources tty
			user volumeMounts`),
		"containers.artifacts":           strings.Fields("cache destPath executable extract uri"),
		"containers.endpoints":           strings.Fields("containerPort hostPort labels name networkNames protocol"),
		"containers.exec":                strings.Fields("command overrideEntrypoint"),
		"containers.healthCheck":         strings.Fields("delaySeconds exec gracePeriodSeconds http intervalSeconds maxConsecutiveFailures tcp timeoutSeconds"),
		"containers.image":               strings.Fields("forcePull id kind labels pullConfig"),
		"containers.lifecycle":           {"killGracePeriodSeconds"},
		"containers.resources":           strings.Fields("cpus disk gpus mem"),
		"containers.volumeMounts":        strings.Fields("mountPath name readOnly"),
		"networks":                       strings.Fields("labels mode name"),
		"scaling":                        strings.Fields("fixed instances kind maxInstances"),
		"scheduling":                     strings.Fields("backoff backoffStrategy killSelection placement unreachableStrategy upgrade upgradeStrategy"),
		"scheduling.backoff":             strings.Fields("backoff backoffFactor maxLaunchDelay"),
		"scheduling.placement":           strings.Fields("acceptedResourceRoles constraints"),
		"scheduling.unreachableStrategy": strings.Fields("expungeAfterSeconds inactiveAfterSeconds"),
		"scheduling.upgrade":             strings.Fields("maximumOverCapacity minimumHealthCapacity"),
		"volumes":                        strings.Fields("external host name persistent secret"),
	},
	kindJob: {
		"": strings.Fields(`arguments async command concurrent constraints container cpus dataProcessingJobType description disabled disk environmentVariables
			epsilon errorCount errorsSinceLastSuccess executor executorFlags fetch gpus highPriority lastError lastSuccess maxCompletionTime mem name
			numElementsProcessed owner ownerName parents processed retries runAsUser schedule scheduleTimeZone shell softError successCount taskInfoData
			uris`),
		"container":            strings.Fields("forcePullImage image network networkInfos networkName parameters type volumes"),
		"container.parameters": strings.Fields("key value"),
		"container.volumes":    strings.Fields("containerPath external hostPath mode"),
		"environmentVariables": strings.Fields("name value"),
		"fetch":                strings.Fields("cache executable extract output_file uri"),
	},
}

var mappingFields = strings.Fields("containerPort hostPort labels name networkNames protocol servicePort")

// scheduler is the name of the scheduler whose definitions are of a kind.
func (k kind) scheduler() string {
	name, _, _ := strings.Cut(string(k), " ")
	return name
}

// passedOver is the remark on a field that the scheduler passed over, as it does not know it where it stands; empty for one that it knows, and for one
// of an object of which that cannot be said.
func (k kind) passedOver(path string) string {
	object, name := apart(path)
	known := knownFields[k][object]
	if len(known) == 0 || slices.Contains(known, name) {
		return ""
	}
	text := k.scheduler() + " knows no such field there and passed it over: nothing becomes of it here either"
	if meant := k.meant(object, name); meant != "" {
		return text + ". It knows " + meant + ", if that is meant"
	}
	return text
}

// apart is the object in which a field stands, without the places in lists, and the field's name.
func apart(path string) (object, name string) {
	path = index.ReplaceAllString(path, "")
	if quoted := strings.LastIndex(path, `["`); quoted >= 0 && strings.HasSuffix(path, `"]`) {
		return path[:quoted], path[quoted+2 : len(path)-2]
	}
	at := strings.LastIndexByte(path, '.')
	return path[:max(at, 0)], path[at+1:]
}

// meant is the path of the field that somebody may have meant: one of the same object with nearly that name, or one of the same name that belongs
// elsewhere.
func (k kind) meant(object, name string) string {
	for _, candidate := range knownFields[k][object] {
		if near(candidate, name) {
			return below(object, candidate)
		}
	}
	var places []string
	for place, fields := range knownFields[k] {
		if slices.Contains(fields, name) {
			places = append(places, below(place, name))
		}
	}
	if slices.Sort(places); len(places) > 0 {
		return places[0]
	}
	return ""
}

// near says whether two names are the same but for upper case, '_' and '-', and one letter too many, too few or another.
func near(one, other string) bool {
	plain := func(name string) string { return strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(name)) }
	a, b := plain(one), plain(other)
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) < 4 || len(b)-len(a) > 1 {
		return false
	}
	same := 0
	for same < len(a) && a[same] == b[same] {
		same++
	}
	return a[same:] == b[min(same+1, len(b)):] || len(a) == len(b) && a[min(same+1, len(a)):] == b[min(same+1, len(b)):]
}
