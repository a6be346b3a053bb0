package agentapi

import (
	"encoding/json"
	"net/http"
)

func decode(r *http.Request, into any) error { return json.NewDecoder(r.Body).Decode(into) }

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", typeJSON)
	_ = json.NewEncoder(w).Encode(value) //nolint:errchkjson // what tests write can be written
}
