package mesos

// Discovery is what a task is found by (mesos.proto, DiscoveryInfo).
type Discovery struct {
	Name       string
	Visibility Visibility
	Labels     []Label
}

// Visibility says who should find a task.
type Visibility string

// The visibilities (mesos.proto, DiscoveryInfo.Visibility).
const (
	VisibleInFramework Visibility = "FRAMEWORK"
	VisibleInCluster   Visibility = "CLUSTER"
	VisibleOutside     Visibility = "EXTERNAL"
)
