package mesosbridge

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// canary is a secret that must never be seen.
const canary = "canary-9f2c"

// guarded is a cluster that lets only this principal in.
func guarded(masters int) simulator.Options {
	return simulator.Options{Masters: masters, Flags: simulator.Flags{
		AuthenticateFrameworks: true, Credentials: map[string]string{"operator": canary},
	}}
}

// with gives a configuration credentials for plain HTTP.
func with(secret string) func(*Config) {
	return func(c *Config) {
		c.Access = Access{Credentials: &Credentials{Principal: "operator", Secret: Hidden(secret)}, AllowInsecure: true}
		c.Framework.Principal = "operator"
	}
}

func TestAccess_withheld(t *testing.T) {
	named := []string{"https://m1:5050", "https://M2", "http://m3:5050", "https://[2001:db8::1]:5050/"}
	some := &Credentials{Principal: "p", Secret: "s"}
	cases := map[string]struct {
		access Access
		base   string
		// says is part of why; empty where the credentials may be sent.
		says string
	}{
		"there are none":                                  {Access{}, "http://evil:5050", ""},
		"a named host":                                    {Access{Credentials: some}, "https://m1:5050", ""},
		"a named host in other letters":                   {Access{Credentials: some}, "https://m2:443", ""},
		"a named address":                                 {Access{Credentials: some}, "https://[2001:DB8::1]:5050", ""},
		"another port of a named host":                    {Access{Credentials: some}, "https://m1:5051", "neither the spec"},
		"another host":                                    {Access{Credentials: some}, "https://evil:5050", "neither the spec"},
		"another host though plain HTTP is allowed":       {Access{Credentials: some, AllowInsecure: true}, "http://evil:5050", "neither the spec"},
		"a named host over plain HTTP":                    {Access{Credentials: some}, "http://m3:5050", "plain HTTP"},
		"a host named with https, reached over HTTP":      {Access{Credentials: some}, "http://m1:5050", "plain HTTP"},
		"a named host over plain HTTP where that is fine": {Access{Credentials: some, AllowInsecure: true}, "http://m3:5050", ""},
		"what is no URL":                                  {Access{Credentials: some, AllowInsecure: true}, "http://m1:50 50", "neither the spec"},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			problem := tc.access.withheld(tc.base, named)
			switch {
			case problem == nil && tc.says != "":
				t.Errorf("%s gets the credentials", tc.base)
			case problem != nil && (tc.says == "" || problem.Class != CredentialsWithheld || !strings.Contains(problem.Message, tc.says)):
				t.Errorf("%s gets none: %+v, want %q", tc.base, problem, tc.says)
			}
		})
	}
}

func TestHidden_isShownNowhere(t *testing.T) {
	config := Config{}
	with(canary)(&config)
	encoded, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	var logged strings.Builder
	funcr.New(func(_, arguments string) { logged.WriteString(arguments) }, funcr.Options{}).Info("Hello", "config", config, "secret", config.Access.Credentials.Secret)
	for how, text := range map[string]string{
		"JSON": string(encoded), "a log": logged.String(),
		"%v": fmt.Sprintf("%v", *config.Access.Credentials), "%+v": fmt.Sprintf("%+v", *config.Access.Credentials),
		"%#v": fmt.Sprintf("%#v", *config.Access.Credentials), "%s": string(fmt.Appendf(nil, "%s", config.Access.Credentials.Secret)),
	} {
		if strings.Contains(text, canary) || !strings.Contains(text, "[hidden]") {
			t.Errorf("%s shows %q", how, text)
		}
	}
}

func TestBridge_authenticates(t *testing.T) {
	inVirtualTime(t, setup{cluster: guarded(1), agents: 1, config: with(canary)}, func(h *harness) {
		h.subscribed()
		h.running("shop.web.1a2b3c4d.k3j9x0q2")
		if got := h.subscribes()[0].FrameworkInfo.GetPrincipal(); got != "operator" {
			h.Errorf("it subscribed with principal %q", got)
		}
	})
}

func TestBridge_takesUpNewCredentials(t *testing.T) {
	inVirtualTime(t, setup{cluster: guarded(1), config: with("wrong")}, func(h *harness) {
		h.pass(10 * time.Minute)
		c := h.bridge.Connection()
		if h.problem() != Unauthorized || c.UnauthorizedAt.IsZero() {
			h.Fatalf("unexpected connection: %+v", c)
		}
		if strings.Contains(c.Problem.Message, "wrong") {
			h.Errorf("the problem gives the secret away: %q", c.Problem.Message)
		}
		config := h.bridge.config
		with(canary)(&config)
		h.bridge.Reconfigure(config)
		h.pass(0)
		if c := h.bridge.Connection(); !c.Subscribed {
			h.Errorf("new credentials did not make it try at once: %+v", c)
		}
	})
}

func TestBridge_callsGoWithTheLatestCredentials(t *testing.T) {
	inVirtualTime(t, setup{cluster: guarded(1), agents: 1, config: with(canary)}, func(h *harness) {
		h.subscribed()
		config := h.bridge.config
		with("wrong")(&config)
		h.bridge.Reconfigure(config)
		before := h.count("RECONCILE")
		told := h.notes.times("connection")
		h.bridge.ReconcileImplicitly(func(error) {})
		h.pass(0)
		c := h.bridge.Connection()
		if h.count("RECONCILE") != before || c.UnauthorizedAt.IsZero() || h.notes.times("connection") == told {
			h.Errorf("a call went with credentials from before, or nobody was told: %+v", c)
		}
		with(canary)(&config)
		h.bridge.Reconfigure(config)
		h.bridge.ReconcileImplicitly(func(error) {})
		h.pass(0)
		if c := h.bridge.Connection(); c.Term != 1 || h.count("RECONCILE") != before+1 {
			h.Errorf("it made %d calls with the right credentials, in term %d", h.count("RECONCILE")-before, c.Term)
		}
	})
}

func TestBridge_sendsNothingOverPlainHTTPUnlessAllowed(t *testing.T) {
	strict := func(c *Config) {
		with(canary)(c)
		c.Access.AllowInsecure = false
	}
	inVirtualTime(t, setup{cluster: guarded(1), config: strict}, func(h *harness) {
		h.pass(time.Minute)
		if c := h.bridge.Connection(); h.problem() != CredentialsWithheld || !strings.Contains(c.Problem.Message, "allowInsecure") || !c.UnauthorizedAt.IsZero() {
			h.Errorf("unexpected connection: %+v", c)
		}
	})
}
