package history

import (
	"strings"
	"testing"
)

// storyOf is a case of a check: what happens, and part of what the check says of it; empty where it holds.
type storyOf struct {
	given []step
	want  string
}

// judged runs the cases of a check. Each check is to have some that it finds, and some that it does not.
func judged(t *testing.T, name string, cases map[string]storyOf) {
	t.Helper()
	var check *Check
	for i := range Checks {
		if Checks[i].Name == name {
			check = &Checks[i]
		}
	}
	if check == nil {
		t.Fatalf("there is no check %s", name)
	}
	holds, breaks := false, false
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			view := tell(t, tc.given...)
			found := check.Find(view)
			switch {
			case tc.want == "" && len(found) > 0:
				t.Errorf("%s", view.tell(*check, found[0]))
			case tc.want != "" && (len(found) == 0 || !strings.Contains(found[0].What, tc.want)):
				t.Errorf("found %v, want %q", found, tc.want)
			case tc.want != "" && view.entry(found[0].Entry) == nil:
				t.Errorf("found %v, at no entry", found)
			}
		})
		holds, breaks = holds || tc.want == "", breaks || tc.want != ""
	}
	if !holds || !breaks {
		t.Errorf("%s needs a story in which it holds and one in which it does not", name)
	}
	tested[name] = true
}

// tested are the checks that have cases.
var tested = map[string]bool{}

// TestChecks runs the cases of all checks, so that none is without.
func TestChecks(t *testing.T) {
	for name, cases := range map[string]map[string]storyOf{
		"S1": oneLiveCases, "S2": boundFirstCases, "S3": launchedOnceCases, "S4": storedFirstCases, "S5": acknowledgesWhatCameCases,
		"S6": endsAreFinalCases, "S7": neverGoesBackCases, "S8": asksAboutTheLivingCases, "S9": backsOffCases, "S10": nextAfterEndCases,
		"S11": releasedWhenOverCases, "S12": killedForAReasonCases, "S13": keepsItsIDCases, "S14": oneSubscriberCases, "S15": usesOffersOnceCases,
		"S16": writesItsOwnCases, "S17": launchesWhatIsAllowedCases, "S18": writesOnlyChangesCases, "S19": tellsNoSecretCases,
		"L1": quietCases, "L2": asksAfterSubscribingCases, "L3": acknowledgesAllCases, "L4": finishesDeletionsCases, "L5": keepsNoOfferCases,
		"L6": subscribesWithPauseCases, "L7": asksAfterLaunchingCases, "L8": asksAgainCases, "L9": successorReconciledCases,
		"SetSurge": keepsSurgeCases, "SetAvailable": keepsAvailableCases, "SetRevisions": keepsRevisionsCases,
		"CronOnce": runsOnceCases, "CronAlone": runsAloneCases, "CronHistory": forgetsNoRunCases, "ServiceReady": findsWhatRunsCases,
	} {
		t.Run(name, func(t *testing.T) { judged(t, name, cases) })
	}
	for _, check := range Checks {
		if !tested[check.Name] {
			t.Errorf("%s has no cases: nobody has seen it fail", check.Name)
		}
	}
}
