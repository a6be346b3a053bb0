package mesos

// Hidden is a secret. Whatever prints or encodes it gets something else.
type Hidden string

// hidden is what is shown of a secret.
const hidden = "[hidden]"

// String implements fmt.Stringer.
func (Hidden) String() string { return hidden }

// GoString implements fmt.GoStringer.
func (Hidden) GoString() string { return hidden }

// MarshalText implements encoding.TextMarshaler, which JSON goes by too.
func (Hidden) MarshalText() ([]byte, error) { return []byte(hidden), nil }
