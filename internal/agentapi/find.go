package agentapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// defaultPort is the port of agents whose operator said nothing.
const defaultPort = 5051

// Named is an agent as a MesosTask names it.
type Named struct {
	ID string
	// Hostname is "" while Mesos has not told it.
	Hostname string
}

// Agent is an agent that was found.
type Agent struct {
	Named
	client *Client
	// urls are where it may be, the likeliest first.
	urls []string
	// answered is the one of them that a connection came about with. A session reads and writes at once, each by a request of its own.
	answered atomic.Pointer[string]
	// doubt says why its address is only assumed; "" if it is not.
	doubt string
}

// placeholders of patterns.
const (
	holdID       = "{id}"
	holdHostname = "{hostname}"
	holdIP       = "{ip}"
	holdPort     = "{port}"
)

var placeholder = regexp.MustCompile(`\{[^}]*\}`)

// checkPattern says what is wrong with a pattern of agents' URLs.
func checkPattern(pattern string) error {
	if pattern == "" {
		return nil
	}
	for _, found := range placeholder.FindAllString(pattern, -1) {
		if !slices.Contains([]string{holdID, holdHostname, holdIP, holdPort}, found) {
			return fmt.Errorf("--agent-url has %s: there are %s, %s, %s and %s", found, holdID, holdHostname, holdIP, holdPort)
		}
	}
	u, err := url.Parse(placeholder.ReplaceAllString(pattern, "1"))
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "":
		return errors.New("--agent-url is no http or https URL: give one such as https://{hostname}:5051")
	case u.User != nil:
		return errors.New("--agent-url has a password in it, which lists of processes would show: name a file by --mesos-credentials-file")
	case u.RawQuery != "" || u.Fragment != "":
		return errors.New("--agent-url has something behind its path: leave it out")
	}
	return nil
}

// listed is what a master says of an agent.
type listed struct {
	hostname, ip, scheme string
	port                 int
}

// Find finds an agent, by the masters where that is needed. A master that answers nothing is no error, as long as there is another way.
func (c *Client) Find(ctx context.Context, masters []string, named Named) (*Agent, error) {
	agent := &Agent{Named: named, client: c}
	if c.pattern != "" && !strings.Contains(c.pattern, holdPort) && !strings.Contains(c.pattern, holdIP) {
		return agent, agent.fill(c.pattern, listed{hostname: named.Hostname})
	}
	known, err := c.ask(ctx, masters, named.ID)
	if c.pattern != "" {
		if err != nil {
			return nil, fmt.Errorf("finding the address and port of agent %s for --agent-url: %w", named.ID, err)
		}
		return agent, agent.fill(c.pattern, known)
	}
	if err != nil {
		if named.Hostname == "" {
			return nil, fmt.Errorf("finding agent %s, whose host name is not known: %w; --agent-url says where it is", named.ID, err)
		}
		agent.doubt = fmt.Sprintf("port %d of %s is only assumed: %v", defaultPort, named.Hostname, err)
		agent.urls = []string{base(c.scheme, named.Hostname, defaultPort)}
		return agent, nil
	}
	agent.Hostname = known.hostname
	agent.urls = []string{base(known.scheme, known.hostname, known.port)}
	if known.ip != "" && known.ip != known.hostname {
		agent.urls = append(agent.urls, base(known.scheme, known.ip, known.port))
	}
	return agent, nil
}

// fill makes the URL of the pattern.
func (a *Agent) fill(pattern string, known listed) error {
	if known.hostname == "" && strings.Contains(pattern, holdHostname) {
		return fmt.Errorf("--agent-url wants the host name of agent %s, which Mesos has not told", a.ID)
	}
	filled := strings.NewReplacer(holdID, url.PathEscape(a.ID), holdHostname, known.hostname, holdIP, known.ip, holdPort, strconv.Itoa(known.port)).Replace(pattern)
	a.urls = []string{strings.TrimRight(filled, "/")}
	return nil
}

func base(scheme, host string, port int) string {
	return scheme + "://" + net.JoinHostPort(host, strconv.Itoa(port))
}

// ask asks the masters in turn for an agent.
func (c *Client) ask(ctx context.Context, masters []string, id string) (listed, error) {
	if len(masters) == 0 {
		return listed{}, errors.New("no master is known to ask")
	}
	var errs []error
	for _, master := range masters {
		found, err := c.askOne(ctx, master, id)
		if err == nil {
			return found, nil
		}
		errs = append(errs, err)
	}
	return listed{}, errors.Join(errs...)
}

func (c *Client) askOne(ctx context.Context, master, id string) (listed, error) {
	var answer struct {
		GetAgents struct {
			Agents []struct {
				PID       string `json:"pid"`
				AgentInfo struct {
					ID       struct{ Value string } `json:"id"`
					Hostname string                 `json:"hostname"`
					Port     int                    `json:"port"`
				} `json:"agent_info"`
			} `json:"agents"`
		} `json:"get_agents"`
	}
	ctx, cancel := context.WithTimeout(ctx, defaultTimeout)
	defer cancel()
	at, err := url.Parse(master)
	if err != nil || at.Host == "" {
		return listed{}, fmt.Errorf("%q is no URL of a master", master)
	}
	err = c.call(ctx, origin(at)+"/api/v1", map[string]string{"type": "GET_AGENTS"}, &answer)
	status := (*StatusError)(nil)
	switch {
	case errors.As(err, &status) && (status.Status == http.StatusTemporaryRedirect || status.Status == http.StatusServiceUnavailable):
		return listed{}, fmt.Errorf("master %s does not lead", origin(at))
	case err != nil:
		return listed{}, fmt.Errorf("asking master %s: %w", origin(at), shortened(err))
	}
	for _, one := range answer.GetAgents.Agents {
		if one.AgentInfo.ID.Value != id {
			continue
		}
		found := listed{hostname: one.AgentInfo.Hostname, port: one.AgentInfo.Port, scheme: at.Scheme}
		if host, port, err := net.SplitHostPort(one.PID[strings.LastIndex(one.PID, "@")+1:]); err == nil {
			found.ip = host
			if n, err := strconv.Atoi(port); err == nil && found.port == 0 {
				found.port = n
			}
		}
		if found.port == 0 {
			found.port = defaultPort
		}
		return found, nil
	}
	return listed{}, fmt.Errorf("master %s has no agent %s: it is gone, or Mesos does not hear of it", origin(at), id)
}

// shortened is an error without the URL that net/http repeats in it.
func shortened(err error) error {
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// UnreachableError says that an agent was not reached from here.
type UnreachableError struct {
	Agent Named
	// Tried are the URLs, and why each failed.
	Tried []string
	// Doubt says why the address is only assumed, "" if it is not.
	Doubt string
}

func (e *UnreachableError) Error() string {
	text := fmt.Sprintf("agent %s is not reached from here: %s", describe(e.Agent), strings.Join(e.Tried, "; "))
	if e.Doubt != "" {
		text += " (" + e.Doubt + ")"
	}
	return text + ". Files and sessions come from the agent itself: run this where its port is reached, or say by --agent-url which way leads there"
}

func describe(agent Named) string {
	if agent.Hostname == "" {
		return agent.ID
	}
	return fmt.Sprintf("%s (%s)", agent.Hostname, agent.ID)
}

// ways are the URLs to try: all of them, until one has answered.
func (a *Agent) ways() []string {
	if answered := a.answered.Load(); answered != nil {
		return []string{*answered}
	}
	return a.urls
}

// reach sends a request to the agent, at the first of its URLs that a connection comes about with.
func (a *Agent) reach(send func(base string) (*http.Response, error)) (*http.Response, error) {
	unreachable := &UnreachableError{Agent: a.Named, Doubt: a.doubt}
	for _, at := range a.ways() {
		answer, err := send(at)
		dial := (*net.OpError)(nil)
		switch {
		case err == nil:
			a.answered.Store(&at)
			return answer, nil
		case errors.As(err, &dial) && dial.Op == "dial", isResolving(err):
			unreachable.Tried = append(unreachable.Tried, fmt.Sprintf("%s: %v", at, shortened(err)))
		default:
			return nil, fmt.Errorf("asking agent %s at %s: %w", describe(a.Named), at, shortened(err))
		}
	}
	return nil, unreachable
}

func isResolving(err error) bool {
	resolving := (*net.DNSError)(nil)
	return errors.As(err, &resolving)
}
