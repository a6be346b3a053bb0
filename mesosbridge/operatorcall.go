package mesosbridge

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

const (
	operatorPath = "/api/v1"
	mediaJSON    = "application/json"
)

// question is what a master is asked over HTTP.
type question struct{ name, method, path, body string }

// operatorCall is a call of the operator API that has no more than its type.
func operatorCall(callType string) question {
	return question{name: callType, method: http.MethodPost, path: operatorPath, body: `{"type":"` + callType + `"}`}
}

// askMaster asks the master that has the subscription: where several masters share one name, by the way that the framework's calls go (see carry).
// Read is given what it answers, and may leave some of it unread.
func (b *Bridge) askMaster(t *term, q question, read func(body io.Reader) error) outcome {
	o := b.passQuestion(t, q, read)
	next, problem := b.wayOn(t, o)
	if problem != nil {
		// The next connection may lead elsewhere.
		b.hangUp(t)
		o.text = problem.Message
	}
	if next == "" {
		return o
	}
	b.turnTo(t, next)
	if o = b.passQuestion(t, q, read); o.redirected() || o.unreached {
		b.turnTo(t, t.base)
	}
	return o
}

// passQuestion takes the question through the gate.
func (b *Bridge) passQuestion(t *term, q question, read func(body io.Reader) error) (o outcome) {
	err := b.options.Gate(q.name, func() error {
		o = b.ask(t, q, read)
		return o.err
	})
	if err != nil && o.err == nil {
		o.err = fmt.Errorf("withholding the call: %w", err)
	}
	return o
}

func (b *Bridge) ask(t *term, q question, read func(body io.Reader) error) outcome {
	ctx, cancel := context.WithTimeout(t.ctx, callTimeout)
	defer cancel()
	line := b.lineOf(t)
	request, err := http.NewRequestWithContext(ctx, q.method, line.base+q.path, strings.NewReader(q.body))
	if err != nil {
		return outcome{err: err}
	}
	if q.body != "" {
		request.Header.Set("Content-Type", mediaJSON)
	}
	request.Header.Set("Accept", mediaJSON)
	response, err := line.send(request)
	if err != nil {
		unreached := neverLeft(err)
		return outcome{sent: !unreached, err: fmt.Errorf("asking by %s: %s", q.name, reasonOf(err)), from: line.base, unreached: unreached}
	}
	if response.StatusCode != http.StatusOK {
		location := response.Header.Get("Location")
		return outcome{sent: true, status: response.StatusCode, text: answerText(response), from: line.base, location: location}
	}
	err = read(response.Body)
	if closeErr := response.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return outcome{sent: true, err: fmt.Errorf("reading what %s is answered: %s", q.name, clean(err.Error()))}
	}
	return outcome{sent: true, status: http.StatusOK}
}

// skip reads a value that nobody wants, however large it is.
func skip(decoder *json.Decoder) error {
	for depth := 0; ; {
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

// eachField reads an object, calling field for each of its fields to read its value.
func eachField(decoder *json.Decoder, field func(name string) error) error {
	return within(decoder, '{', func() error {
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		return field(fmt.Sprint(name))
	})
}

// eachElement reads an array, calling element to read each of its elements.
func eachElement(decoder *json.Decoder, element func() error) error {
	return within(decoder, '[', element)
}

func within(decoder *json.Decoder, opening json.Delim, each func() error) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	if token == nil {
		return nil
	}
	if token != opening {
		return fmt.Errorf("there is %v where %q was expected", token, opening.String())
	}
	for decoder.More() {
		if err := each(); err != nil {
			return err
		}
	}
	_, err = decoder.Token()
	return err
}
