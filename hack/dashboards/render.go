package main

import (
	"strings"
)

// schema is the version of Grafana's model that render writes: that of Grafana 10.4, which later ones read.
const schema = 39

// columns is how wide a page is.
const columns = 24

// heights are how high panels of a kind are.
var heights = map[kind]int{stat: 4, graph: 8, stacked: 8, ranking: 8}

// selectors are what the placeholders of a query stand for.
var selectors = strings.NewReplacer(
	"{operator", `{namespace=~"$namespace",job=~"$job"`,
	"{framework", `{namespace=~"$namespace",job=~"$job",framework=~"$framework"`,
)

// render is a dashboard as Grafana has it.
func render(d dashboard) map[string]any {
	var panels []any
	id, y := 0, 0
	for _, r := range d.rows {
		id++
		panels = append(panels, map[string]any{
			"id": id, "type": "row", "title": r.title, "collapsed": false, "panels": []any{}, "gridPos": at(0, y, columns, 1),
		})
		y++
		x, line := 0, 0
		for _, p := range r.panels {
			if x+p.width > columns {
				x, y, line = 0, y+line, 0
			}
			id++
			panels = append(panels, draw(p, id, at(x, y, p.width, heights[p.kind])))
			x, line = x+p.width, max(line, heights[p.kind])
		}
		y += line
	}
	return map[string]any{
		"uid": d.uid, "title": d.title, "description": d.description, "tags": []string{"mesos", "mesos-operator"},
		"schemaVersion": schema, "version": 1, "editable": true, "graphTooltip": 1, "refresh": "30s", "timezone": "browser",
		"time":       map[string]any{"from": "now-3h", "to": "now"},
		"templating": map[string]any{"list": variables()},
		"annotations": map[string]any{"list": []any{map[string]any{
			"name": "Annotations & Alerts", "builtIn": 1, "enable": true, "hide": true, "type": "dashboard", "iconColor": "rgba(0, 211, 255, 1)",
			"datasource": map[string]any{"type": "grafana", "uid": "-- Grafana --"},
		}}},
		"links": []any{
			map[string]any{
				"title": "Mesos operator", "type": "dashboards", "tags": []string{"mesos-operator"}, "asDropdown": false, "includeVars": true, "keepTime": true,
				"targetBlank": false, "icon": "external link", "tooltip": "", "url": "",
			},
			map[string]any{
				"title": "Runbooks", "type": "link", "url": "https://github.com/mesos-operator/mesos-operator/tree/main/docs/runbooks", "icon": "doc",
				"tags": []string{}, "asDropdown": false, "includeVars": false, "keepTime": false, "targetBlank": true, "tooltip": "What to do about each alert",
			},
		},
		"panels": panels,
	}
}

func at(x, y, width, height int) map[string]any {
	return map[string]any{"x": x, "y": y, "w": width, "h": height}
}

// source is the data source that the page's variable names.
func source() map[string]any {
	return map[string]any{"type": "prometheus", "uid": "${datasource}"}
}

// variables are what a page can be narrowed by.
func variables() []any {
	all := []any{map[string]any{
		"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "current": map[string]any{}, "hide": 0, "refresh": 1,
		"regex": "", "multi": false, "includeAll": false, "options": []any{},
	}}
	for _, v := range []struct{ name, label, query string }{
		{"namespace", "Namespace", "label_values(mesos_operator_build_info, namespace)"},
		{"job", "Job", `label_values(mesos_operator_build_info{namespace=~"$namespace"}, job)`},
		{"framework", "Framework", `label_values(mesos_operator_tasks{namespace=~"$namespace",job=~"$job"}, framework)`},
	} {
		all = append(all, map[string]any{
			"name": v.name, "label": v.label, "type": "query", "datasource": source(), "definition": v.query,
			"query":   map[string]any{"query": v.query, "refId": "StandardVariableQuery"},
			"current": map[string]any{"selected": true, "text": []string{"All"}, "value": []string{"$__all"}},
			// What is not there matches too: a Prometheus without the operator of its own may set no namespace.
			"allValue": ".*", "includeAll": true, "multi": true, "refresh": 2, "sort": 1, "hide": 0, "regex": "", "options": []any{},
		})
	}
	return all
}

// draw is a panel as Grafana has it.
func draw(p panel, id int, place map[string]any) map[string]any {
	var targets []any
	for i, q := range p.queries {
		targets = append(targets, map[string]any{
			"refId": string(rune('A' + i)), "datasource": source(), "expr": selectors.Replace(q.expr), "legendFormat": q.legend,
			"instant": p.kind == stat || p.kind == ranking, "range": p.kind == graph || p.kind == stacked, "editorMode": "code",
		})
	}
	kindName := string(p.kind)
	if p.kind == stacked {
		kindName = string(graph)
	}
	return map[string]any{
		"id": id, "type": kindName, "title": p.title, "description": p.description, "datasource": source(), "gridPos": place, "targets": targets, "options": options(p),
		"fieldConfig": map[string]any{"overrides": []any{}, "defaults": defaults(p)},
	}
}

// options are how a panel of a kind shows what it found.
func options(p panel) map[string]any {
	reduce := map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false}
	switch p.kind {
	case stat:
		mode := "auto"
		switch {
		case p.named:
			mode = "name"
		case len(p.queries) == 1 && strings.Contains(p.queries[0].legend, "{{"):
			mode = "value_and_name"
		}
		return map[string]any{
			"reduceOptions": reduce, "colorMode": "background", "graphMode": "none", "justifyMode": "auto", "textMode": mode, "orientation": "auto", "wideLayout": true,
		}
	case ranking:
		// One bar alone would fill the panel, and names beside bars are cut.
		return map[string]any{
			"reduceOptions": reduce, "displayMode": "gradient", "orientation": "horizontal", "showUnfilled": true, "minVizHeight": 40, "minVizWidth": 8, "valueMode": "color",
			"sizing": "manual", "maxVizHeight": 40, "namePlacement": "top", "text": map[string]any{"titleSize": 12, "valueSize": 14},
		}
	case graph, stacked:
	}
	legend := map[string]any{"displayMode": "table", "placement": "right", "showLegend": true, "calcs": []string{"lastNotNull", "max"}}
	if p.width < columns/2 {
		// Beside the lines it would leave them no room.
		legend = map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []string{}}
	}
	return map[string]any{"legend": legend, "tooltip": map[string]any{"mode": "multi", "sort": "desc"}}
}

// ordinary are values up to which an axis goes at least: where all is zero it would go to 100, or 10000 %.
var ordinary = map[string]float64{count: 1, perSec: 0.1, share: 0.1, seconds: 0.1}

// drawing is how lines look.
func drawing(p panel) map[string]any {
	custom := map[string]any{}
	if p.kind != graph && p.kind != stacked {
		return custom
	}
	// A value between two gaps is a point, and would not be seen without.
	custom = map[string]any{
		"drawStyle": "line", "lineWidth": 1, "fillOpacity": 10, "showPoints": "auto", "pointSize": 4, "spanNulls": false, "axisSoftMin": 0, "lineInterpolation": "linear",
		"stacking": map[string]any{"mode": "none", "group": "A"}, "thresholdsStyle": map[string]any{"mode": lineWhere(len(p.limits) > 0)},
	}
	if p.kind == stacked {
		custom["fillOpacity"], custom["stacking"] = 40, map[string]any{"mode": "normal", "group": "A"}
	}
	if most, there := ordinary[p.unit]; there {
		custom["axisSoftMax"] = most
	}
	return custom
}

// lineWhere draws a panel's limits where it has some.
func lineWhere(limits bool) string {
	if limits {
		return "dashed"
	}
	return "off"
}

// defaults are a panel's unit, limits and words.
func defaults(p panel) map[string]any {
	steps := []any{map[string]any{"color": green, "value": nil}}
	for _, l := range p.limits {
		steps = append(steps, map[string]any{"color": l.colour, "value": l.from})
	}
	mappings := []any{}
	if len(p.words) > 0 {
		meanings := map[string]any{}
		for i, w := range p.words {
			meanings[w.value] = map[string]any{"text": w.text, "color": w.colour, "index": i}
		}
		mappings = append(mappings, map[string]any{"type": "value", "options": meanings})
	}
	colour := "palette-classic"
	if p.kind == stat || p.kind == ranking {
		colour = "thresholds"
	}
	all := map[string]any{
		"unit": p.unit, "custom": drawing(p), "mappings": mappings, "min": 0,
		"color":      map[string]any{"mode": colour},
		"thresholds": map[string]any{"mode": "absolute", "steps": steps},
	}
	if p.unit == count {
		// What Prometheus counts over a time comes to fractions.
		all["decimals"] = 0
	}
	if p.none != "" {
		all["noValue"] = p.none
	}
	return all
}
