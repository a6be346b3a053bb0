package detection

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// Why there is no leader to name.
var (
	// ErrNoLeader says that ZooKeeper answers and no master stands for election.
	ErrNoLeader = errors.New("no master has been elected")
	// ErrNotMasterInfo says that the leader's znode does not hold what Mesos writes there.
	ErrNotMasterInfo = errors.New("the leading master's znode cannot be read")
	// ErrForbidden says that ZooKeeper does not let this client read.
	ErrForbidden = errors.New("ZooKeeper does not let the operator read")
	// ErrUnreachable says that no ZooKeeper server answers.
	ErrUnreachable = errors.New("no ZooKeeper server answers")
)

// prefix is how the masters' znodes begin. Those of masters before Mesos 0.24 begin with info_, and hold protobuf.
const prefix = "json.info_"

// Leader is where the leading master says it is.
type Leader struct {
	// Hostname and IP are its names; one of them may be empty.
	Hostname, IP string
	Port         int
}

// URLs are the leader's base URLs, the one to use first. With TLS that is the host's name, for which certificates are made; without it is
// the address, which needs no name service.
func (l Leader) URLs(https bool) []string {
	scheme, names := "http", []string{l.IP, l.Hostname}
	if https {
		scheme, names = "https", []string{l.Hostname, l.IP}
	}
	var urls []string
	for _, name := range names {
		if name != "" {
			urls = append(urls, scheme+"://"+net.JoinHostPort(name, strconv.Itoa(l.Port)))
		}
	}
	return urls
}

// leading returns the znode of the leading master among those under the path; false if there is none.
func leading(children []string) (name string, found bool) {
	lowest := uint64(0)
	for _, child := range children {
		sequence, err := strconv.ParseUint(strings.TrimPrefix(child, prefix), 10, 64)
		if !strings.HasPrefix(child, prefix) || err != nil {
			continue
		}
		if !found || sequence < lowest {
			name, lowest, found = child, sequence, true
		}
	}
	return name, found
}

// masterInfo is what of Mesos' MasterInfo in JSON says where the master is (mesos.proto).
type masterInfo struct {
	Hostname string `json:"hostname"`
	Port     int    `json:"port"`
	Address  struct {
		Hostname string `json:"hostname"`
		IP       string `json:"ip"`
		Port     int    `json:"port"`
	} `json:"address"`
}

// parse reads a master's znode.
func parse(data []byte) (Leader, error) {
	var info masterInfo
	if err := json.Unmarshal(data, &info); err != nil {
		return Leader{}, fmt.Errorf("%w: it is no MasterInfo in JSON", ErrNotMasterInfo)
	}
	leader := Leader{Hostname: info.Address.Hostname, IP: info.Address.IP, Port: info.Address.Port}
	if leader.Hostname == "" {
		leader.Hostname = info.Hostname
	}
	if leader.Port == 0 {
		leader.Port = info.Port
	}
	switch {
	case leader.IP != "" && net.ParseIP(leader.IP) == nil:
		return Leader{}, fmt.Errorf("%w: its address is none", ErrNotMasterInfo)
	case !isHostname(leader.Hostname), leader.Hostname == "" && leader.IP == "":
		return Leader{}, fmt.Errorf("%w: it names no host", ErrNotMasterInfo)
	case leader.Port < 1 || leader.Port > 65535:
		return Leader{}, fmt.Errorf("%w: it names no port", ErrNotMasterInfo)
	}
	return leader, nil
}

// isHostname says whether a URL can have the name, or it is empty: letters, digits and what holds them together, or an IPv6 address.
func isHostname(name string) bool {
	if strings.Contains(name, ":") {
		return net.ParseIP(name) != nil
	}
	return len(name) <= 253 && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._", r)
	})
}
