// Package argocd runs the scripts of config/argocd as Argo CD runs them, for the tests: in the same interpreter, with no more libraries than
// it gives to scripts that come from its ConfigMap.
package argocd

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	luajson "layeh.com/gopher-json"

	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// scriptTime is how long Argo CD lets a script run.
const scriptTime = time.Second

// Health is what Argo CD shows of an object.
type Health struct {
	Status  string `json:"status"`
	Message string `json:"message,omitempty"`
}

// Action is something that a person may do to an object from Argo CD.
type Action struct {
	Name     string `json:"name"`
	Disabled bool   `json:"disabled,omitempty"`
	// Params are what the person is asked for.
	Params []Param `json:"params,omitempty"`
}

// Param is what a person may enter for an action.
type Param struct {
	Name    string `json:"name"`
	Default string `json:"default,omitempty"`
}

// Scripts is the directory of the scripts, laid out as in Argo CD's own repository: <group>/<kind>/health.lua.
func Scripts() string {
	return filepath.Join(testenv.Root(), "config", "argocd", "resource_customizations")
}

// HealthOf returns the health that the script of the object's kind gives it.
func HealthOf(ctx context.Context, object *unstructured.Unstructured) (Health, error) {
	var health Health
	err := run(ctx, object, nil, &health, "health.lua")
	return health, err
}

// ActionsOn returns the actions that the script of the object's kind offers, by name.
func ActionsOn(ctx context.Context, object *unstructured.Unstructured) (map[string]Action, error) {
	actions := map[string]Action{}
	err := run(ctx, object, nil, &actions, "actions", "discovery.lua")
	return actions, err
}

// Act returns the object as an action with what a person entered leaves it. The result is only as good as Lua's types: an empty map comes back as an
// empty list.
func Act(ctx context.Context, object *unstructured.Unstructured, action string, entered map[string]string) (*unstructured.Unstructured, error) {
	changed := &unstructured.Unstructured{}
	err := run(ctx, object, entered, &changed.Object, "actions", action, "action.lua")
	return changed, err
}

// run runs one of the scripts of the object's kind with parameters, and reads what it returns into result.
func run(ctx context.Context, object *unstructured.Unstructured, entered map[string]string, result any, name ...string) error {
	kind := object.GroupVersionKind()
	file := path.Join(append([]string{kind.Group, kind.Kind}, name...)...)
	script, err := fs.ReadFile(os.DirFS(Scripts()), file)
	if err != nil {
		return fmt.Errorf("reading the script: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, scriptTime)
	defer cancel()
	state, err := newState(ctx)
	if err != nil {
		return err
	}
	defer state.Close()
	params := state.NewTable()
	for name, value := range entered {
		params.RawSetString(name, lua.LString(value))
	}
	state.SetGlobal("actionParams", params)
	state.SetGlobal("obj", luaValue(state, object.Object))
	if err := state.DoString(string(script)); err != nil {
		return fmt.Errorf("running %s: %w", file, err)
	}
	table, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return fmt.Errorf("running %s: it returned a %s, not a table", file, state.Get(-1).Type())
	}
	encoded, err := luajson.Encode(table)
	if err != nil {
		return fmt.Errorf("encoding what %s returned: %w", file, err)
	}
	if err := json.Unmarshal(encoded, result); err != nil {
		return fmt.Errorf("reading what %s returned: %w", file, err)
	}
	return nil
}

// newState makes an interpreter with the basic functions, tables, and of the operating system the clock alone.
func newState(ctx context.Context) (*lua.LState, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	state.SetContext(ctx)
	for _, library := range []struct {
		name string
		open lua.LGFunction
	}{{lua.LoadLibName, lua.OpenPackage}, {lua.BaseLibName, lua.OpenBase}, {lua.TabLibName, lua.OpenTable}, {lua.OsLibName, lua.OpenOs}} {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(library.open), Protect: true}, lua.LString(library.name)); err != nil {
			state.Close()
			return nil, fmt.Errorf("opening Lua's library %q: %w", library.name, err)
		}
	}
	if system, ok := state.GetGlobal(lua.OsLibName).(*lua.LTable); ok {
		var unsafe []lua.LValue
		system.ForEach(func(name, _ lua.LValue) {
			if name.String() != "time" && name.String() != "date" {
				unsafe = append(unsafe, name)
			}
		})
		for _, name := range unsafe {
			system.RawSet(name, lua.LNil)
		}
	}
	return state, nil
}

// luaValue makes a value of an unstructured object one of Lua's.
func luaValue(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case bool:
		return lua.LBool(value)
	case string:
		return lua.LString(value)
	case int64:
		return lua.LNumber(value)
	case float64:
		return lua.LNumber(value)
	case []any:
		table := state.CreateTable(len(value), 0)
		for _, item := range value {
			table.Append(luaValue(state, item))
		}
		return table
	case map[string]any:
		table := state.CreateTable(0, len(value))
		for key, item := range value {
			table.RawSetString(key, luaValue(state, item))
		}
		return table
	default:
		return lua.LNil
	}
}
