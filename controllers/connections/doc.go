// Package connections owns each framework's end of this process: its bridge, its placer, and what was done here for its attempts.
//
// In: the configuration that a framework should have (Connections.Ensure), and what the bridge hears. Out: keys of MesosTasks and MesosFrameworks
// into the two controllers' queues, and what is known of attempts: who killed and asked for them and when, which are live, abandoned, or made up.
// Nothing is remembered from one leadership to the next, and nothing here waits for the API server (rule 14).
//
// It imports placer, leadership, lifecycle, the API types and mesosbridge, and no shell.
package connections
