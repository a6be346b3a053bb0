package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

const (
	typeJSON     = "application/json"
	typeProtobuf = "application/x-protobuf"
)

// codec is one of the two content types of the v1 API.
type codec interface {
	contentType() string
	encodeEvent(*scheduler.Event) ([]byte, error)
	// decodeCall's errors are the text of the 400 that a master answers.
	decodeCall([]byte) (*scheduler.Call, error)
}

type protobufCodec struct{}

func (protobufCodec) contentType() string { return typeProtobuf }

func (protobufCodec) encodeEvent(e *scheduler.Event) ([]byte, error) { return e.Marshal() }

func (protobufCodec) decodeCall(b []byte) (*scheduler.Call, error) {
	call := new(scheduler.Call)
	if err := call.Unmarshal(b); err != nil {
		return nil, errors.New("Failed to parse body into Call protobuf") //nolint:staticcheck // a master's own words
	}
	return call, nil
}

// jsonCodec speaks the JSON that a master does: mesos-go's generated JSON, less the nulls that it
// writes for empty lists, and with the enum values that it does not know.
type jsonCodec struct{}

func (jsonCodec) contentType() string { return typeJSON }

func (jsonCodec) encodeEvent(e *scheduler.Event) ([]byte, error) {
	b, err := messageJSON(e)
	if err != nil {
		return nil, fmt.Errorf("encoding a %s event: %w", e.GetType(), err)
	}
	return b, nil
}

// messageJSON writes a message as a master does.
func messageJSON(m any) ([]byte, error) {
	b, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encoding a message: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber() // nanoseconds do not fit a float64
	var tree any
	if err := dec.Decode(&tree); err != nil {
		return nil, fmt.Errorf("decoding a message's own JSON: %w", err)
	}
	if m, ok := tree.(map[string]any); ok {
		prune(m)
	}
	return json.Marshal(tree)
}

// prune drops nulls, and names the master capability that mesos-go knows only as a number.
func prune(tree map[string]any) {
	for k, v := range tree {
		switch v := v.(type) {
		case nil:
			delete(tree, k)
		case map[string]any:
			prune(v)
		case []any:
			for _, item := range v {
				if m, ok := item.(map[string]any); ok {
					prune(m)
				}
			}
		case string:
			if k == "type" && v == quotaV2.number {
				tree[k] = quotaV2.name
			}
		}
	}
}

// quotaV2 is a master capability newer than mesos-go's types (mesos.proto, MasterInfo.Capability), which
// write it as its number.
var quotaV2 = struct {
	value        mesos.MasterInfo_Capability_Type
	number, name string
}{3, "3", "QUOTA_V2"}

func (jsonCodec) decodeCall(b []byte) (*scheduler.Call, error) {
	var tree map[string]json.RawMessage
	if err := json.Unmarshal(b, &tree); err != nil {
		return nil, jsonSyntaxError(b, err)
	}
	// A type that the master does not know is read as none at all.
	var name string
	if err := json.Unmarshal(tree["type"], &name); err != nil || scheduler.Call_Type_value[name] == 0 {
		delete(tree, "type")
	}
	if hasField(tree["subscribe"], "offer_constraints") || hasField(tree["update_framework"], "offer_constraints") {
		return nil, notSimulatedError("offer constraints")
	}
	if accept, ok := knownOperations(tree["accept"]); ok {
		tree["accept"] = accept
	}
	known, err := json.Marshal(tree)
	if err != nil {
		return nil, fmt.Errorf("Failed to convert JSON into Call protobuf: %w", err) //nolint:staticcheck // a master's own words
	}
	// mesos-go's JSON has no infinity, with which limits say that there is none.
	known = bytes.ReplaceAll(known, []byte(`"value":"Infinity"`), []byte(`"value":1.7976931348623157e308`))
	call := new(scheduler.Call)
	if err := json.Unmarshal(known, call); err != nil {
		return nil, fmt.Errorf("Failed to convert JSON into Call protobuf: %w", err) //nolint:staticcheck // a master's own words
	}
	return call, nil
}

// knownOperations takes the types of operations out of an ACCEPT that the master does not know: they are read as none.
// False: there is nothing to take out.
func knownOperations(accept json.RawMessage) (json.RawMessage, bool) {
	var fields map[string]json.RawMessage
	var operations []map[string]json.RawMessage
	if json.Unmarshal(accept, &fields) != nil || json.Unmarshal(fields["operations"], &operations) != nil {
		return nil, false // what is no ACCEPT is refused later
	}
	found := false
	for _, op := range operations {
		var name string
		if err := json.Unmarshal(op["type"], &name); err == nil && mesos.Offer_Operation_Type_value[name] == 0 {
			delete(op, "type")
			found = true
		}
	}
	if !found {
		return nil, false
	}
	var err error
	if fields["operations"], err = json.Marshal(operations); err != nil {
		return nil, false
	}
	out, err := json.Marshal(fields)
	return out, err == nil
}

// notSimulatedError names what a call needs that the package does not simulate.
type notSimulatedError string

func (e notSimulatedError) Error() string { return "Not simulated: " + string(e) }

// hasField reports whether a JSON object has a field that mesos-go's types do not.
func hasField(raw json.RawMessage, name string) bool {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return false // what is no object is refused later
	}
	_, ok := fields[name]
	return ok
}

// jsonSyntaxError says what a master's JSON parser says: the line, and the text it stumbled over.
func jsonSyntaxError(b []byte, err error) error {
	var syntax *json.SyntaxError
	at := len(b)
	if errors.As(err, &syntax) && int(syntax.Offset) <= len(b) && len(b) > 0 {
		at = max(0, int(syntax.Offset)-1)
	}
	line := 1 + bytes.Count(b[:at], []byte("\n"))
	near, _, _ := strings.Cut(string(b[at:]), "\n")
	return fmt.Errorf("Failed to parse body into JSON: syntax error at line %d near: %s", line, near) //nolint:staticcheck // a master's own words
}
