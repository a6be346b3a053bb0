package simulator

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// fetch brings one URI into the sandbox: copied, made executable, or unpacked (Mesos' fetcher).
func fetch(ctx context.Context, uri mesos.CommandInfo_URI, dir string) error {
	name := uri.GetOutputFile()
	if name == "" {
		name = filepath.Base(strings.SplitN(uri.Value, "?", 2)[0])
	}
	if !filepath.IsLocal(name) {
		return fmt.Errorf("'%s' would leave the sandbox", name)
	}
	to := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(to), sandboxMode); err != nil {
		return fmt.Errorf("making a directory for '%s': %w", name, err)
	}
	from, err := open(ctx, uri.Value)
	if err != nil {
		return fmt.Errorf("failed to fetch '%s': %w", uri.Value, err)
	}
	defer func() { _ = from.Close() }() // it was only read
	mode := fs.FileMode(0o644)
	if uri.GetExecutable() {
		mode = 0o755
	}
	if err := save(from, to, mode); err != nil {
		return fmt.Errorf("failed to fetch '%s': %w", uri.Value, err)
	}
	if uri.GetExecutable() || uri.Extract != nil && !*uri.Extract {
		return nil
	}
	if err := unpack(to, dir); err != nil {
		return fmt.Errorf("failed to extract '%s': %w", name, err)
	}
	return nil
}

// open opens a local file or an http(s) URL.
func open(ctx context.Context, uri string) (io.ReadCloser, error) {
	u, err := url.Parse(uri)
	if err != nil {
		return nil, err
	}
	switch u.Scheme {
	case "":
		return os.Open(uri) //nolint:gosec // an agent reads what its tasks name
	case "file":
		return os.Open(u.Path)
	case "http", "https":
	default:
		return nil, fmt.Errorf("the scheme '%s' is not supported", u.Scheme)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close() // of no interest
		return nil, fmt.Errorf("unexpected HTTP response '%s'", resp.Status)
	}
	return resp.Body, nil
}

func save(from io.Reader, to string, mode fs.FileMode) (err error) {
	f, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode) //nolint:gosec // the caller keeps it in the sandbox
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := io.Copy(f, from); err != nil {
		return err
	}
	return f.Chmod(mode) // whatever the umask says
}

// unpack extracts an archive that its name says it is; anything else stays as it came.
func unpack(file, dir string) error {
	switch {
	case strings.HasSuffix(file, ".zip"):
		return unzip(file, dir)
	case strings.HasSuffix(file, ".tar"), strings.HasSuffix(file, ".tar.gz"), strings.HasSuffix(file, ".tgz"):
		return untar(file, dir)
	case strings.HasSuffix(file, ".gz"):
		return gunzip(file)
	}
	return nil
}

func gunzip(file string) error {
	f, err := os.Open(file) //nolint:gosec // it was fetched into the sandbox
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	return save(z, strings.TrimSuffix(file, ".gz"), 0o644)
}

func untar(file, dir string) error {
	f, err := os.Open(file) //nolint:gosec // it was fetched into the sandbox
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	var from io.Reader = f
	if !strings.HasSuffix(file, ".tar") {
		if from, err = gzip.NewReader(f); err != nil {
			return err
		}
	}
	for r := tar.NewReader(from); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := extract(dir, h.Name, h.FileInfo(), r); err != nil {
			return err
		}
	}
}

func unzip(file, dir string) (err error) {
	z, err := zip.OpenReader(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, z.Close()) }()
	for _, one := range z.File {
		r, err := one.Open()
		if err != nil {
			return err
		}
		err = errors.Join(extract(dir, one.Name, one.FileInfo(), r), r.Close())
		if err != nil {
			return err
		}
	}
	return nil
}

// extract puts one entry of an archive into the sandbox. Links and devices are left out.
func extract(dir, name string, info fs.FileInfo, from io.Reader) error {
	if !filepath.IsLocal(name) {
		return fmt.Errorf("the entry '%s' would leave the sandbox", name)
	}
	to := filepath.Join(dir, name)
	switch {
	case info.IsDir():
		return os.MkdirAll(to, sandboxMode)
	case !info.Mode().IsRegular():
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(to), sandboxMode); err != nil {
		return err
	}
	return save(from, to, info.Mode().Perm())
}
