package simulator

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"pgregory.net/rapid"
)

func (c *client) declineCall(offer object, refuse any) object {
	d := object{"offer_ids": []any{offer["id"]}}
	if refuse != nil {
		d["filters"] = object{"refuse_seconds": refuse}
	}
	call := c.simple("DECLINE")
	call["decline"] = d
	return call
}

func TestADeclinedOfferComesBackAfterItsFilter(t *testing.T) {
	for name, tc := range map[string]struct {
		refuse any
		from   time.Duration
	}{
		"default 5 s":       {nil, 5 * time.Second},
		"0: no filter":      {0.0, 0},
		"less than a cycle": {0.1, time.Second},
		"3 s":               {3.0, 3 * time.Second},
		"negative: 5 s":     {-7.0, 5 * time.Second},
		"an hour":           {3600.0, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(in bubble) {
				t, c := in.t, in.cluster
				c.AddAgent(smallAgent())
				cl := newClient(t, c)
				cl.subscribe(subscribeCall(""))
				cl.call(cl.declineCall(cl.offers()[0], tc.refuse), 202)
				began := time.Now()
				time.Sleep(2 * time.Hour)
				offers := cl.of("OFFERS")
				if len(offers) != 2 {
					t.Fatalf("got %d OFFERS, want 2", len(offers))
				}
				for _, e := range cl.all()[3:] {
					if e.body["type"] != "OFFERS" {
						continue
					}
					if d := e.at.Sub(began); d < tc.from || d > tc.from+time.Second {
						t.Errorf("came back after %v, want %v and up to a cycle", d, tc.from)
					}
				}
			})
		})
	}
}

func TestRefuseDuration(t *testing.T) {
	for name, tc := range map[string]struct {
		seconds *float64
		want    time.Duration
	}{
		"absent":       {nil, 5 * time.Second},
		"not a number": {new(math.NaN()), 5 * time.Second},
		"capped":       {new(math.Inf(1)), 365 * 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			if got := refuseDuration(&mesos.Filters{RefuseSeconds: tc.seconds}); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestMoreResourcesThanRefusedPassTheFilterAtOnce(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		c.AddAgent(smallAgent())
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		cl.launch(cl.offers()[0], "t1")
		cl.settle(2 * time.Second)
		cl.call(cl.declineCall(cl.offers()[1], 3600.0), 202)
		cl.settle(time.Minute)
		if n := len(cl.offers()); n != 2 {
			t.Fatalf("got %d offers behind the filter, want 2", n)
		}
		cl.kill("t1", "")
		cl.settle(3 * time.Second)
		if n := len(cl.offers()); n != 3 {
			t.Errorf("got %d offers after the task gave its resources back, want 3", n)
		}
	})
}

func TestSuppressAndRevive(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		c.AddAgent(smallAgent())
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		first := cl.offers()[0]
		cl.call(cl.simple("SUPPRESS"), 202)
		cl.call(cl.declineCall(first, 0.0), 202)
		time.Sleep(time.Minute)
		if n := len(cl.offers()); n != 1 {
			t.Errorf("got %d offers while suppressed, want 1", n)
		}
		bad := cl.simple("REVIVE")
		bad["revive"] = object{"roles": []any{"demo", "foreign"}}
		cl.call(bad, 202) // one bad role drops the whole call
		if n := len(cl.offers()); n != 1 {
			t.Errorf("got %d offers after a REVIVE of a foreign role, want 1", n)
		}
		cl.call(cl.simple("REVIVE"), 202)
		if n := len(cl.offers()); n != 2 {
			t.Errorf("got %d offers right after REVIVE, want 2", n)
		}
	})
}

func TestOffersExpireWithAnOfferTimeout(t *testing.T) {
	inBubble(t, Options{Flags: Flags{OfferTimeout: 30 * time.Second}}, func(in bubble) {
		t, c := in.t, in.cluster
		c.AddAgent(smallAgent())
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		time.Sleep(31 * time.Second)
		if diff := cmp.Diff([]string{"SUBSCRIBED", "OFFERS", "RESCIND", "OFFERS"}, cl.briefs()); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func TestReservedResourcesAreOfferedToTheirRoleOnly(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		spec := smallAgent()
		spec.Reserved = []Reservation{{Role: "demo", CPUs: 1, Mem: 64}, {Role: "other", CPUs: 3, Mem: 64}}
		c.AddAgent(spec)
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		var got []string
		for _, r := range dig(cl.offers()[0], "resources").([]any) {
			got = append(got, dig(r, "name").(string)+" "+dig(r, "scalar", "value").(interface{ String() string }).String())
		}
		want := []string{"cpus 1", "mem 64", "cpus 2", "mem 2048", "disk 4096"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("resources (-want +got):\n%s", diff)
		}
	})
}

func TestTwoFrameworksShareTheAgents(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		a, b := newClient(t, c), newClient(t, c)
		a.subscribe(subscribeCall(""))
		b.subscribe(subscribeCall(""))
		time.Sleep(500 * time.Millisecond)
		for range 4 {
			c.AddAgent(smallAgent())
		}
		if na, nb := len(a.offers()), len(b.offers()); na != 2 || nb != 2 {
			t.Errorf("%d and %d offers, want 2 each", na, nb)
		}
	})
}

func genResources(t *rapid.T, label string) []mesos.Resource {
	var out []mesos.Resource
	for _, name := range []string{"cpus", "mem"} {
		if rapid.Bool().Draw(t, label+name) {
			out = append(out, scalar(name, float64(rapid.IntRange(0, 5000).Draw(t, label+name+" milli"))/1000, nil))
		}
	}
	var ports []mesos.Value_Range
	at := uint64(31000)
	for i := range rapid.IntRange(0, 4).Draw(t, label+"ranges") {
		at += uint64(rapid.IntRange(2, 20).Draw(t, label+"gap"+string(rune('a'+i))))
		n := uint64(rapid.IntRange(0, 20).Draw(t, label+"size"+string(rune('a'+i))))
		ports = append(ports, mesos.Value_Range{Begin: at, End: at + n})
		at += n
	}
	if len(ports) > 0 {
		out = append(out, portRanges(ports, nil))
	}
	return out
}

// What is added can be taken away again, and leaves what was there.
func TestResourceArithmeticIsReversible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		have := genResources(t, "have ")
		more := genResources(t, "more ")
		// Ranges of two lists may overlap, which no agent's resources do.
		more = shift(more, 10_000)
		sum := plus(have, more)
		back, ok := minus(sum, more)
		if !ok {
			t.Fatalf("%v is not contained in %v", more, sum)
		}
		if !contained(have, back) || !contained(back, have) {
			t.Fatalf("%v + %v - %v = %v", have, more, more, back)
		}
	})
}

func shift(rs []mesos.Resource, by uint64) []mesos.Resource {
	for i := range rs {
		for j := range rs[i].Ranges.GetRange() {
			rs[i].Ranges.Range[j].Begin += by
			rs[i].Ranges.Range[j].End += by
		}
	}
	return rs
}

// Taking away more than there is never succeeds.
func TestNothingIsTakenThatIsNotThere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		have := genResources(t, "have ")
		want := plus(have, []mesos.Resource{scalar("cpus", 0.001, nil)})
		if _, ok := minus(have, want); ok {
			t.Fatalf("%v was taken out of %v", want, have)
		}
	})
}
