// Program krew packs the kubectl plugin as krew (https://krew.sigs.k8s.io) installs it: an archive for each platform that the manifest in config/krew names,
// and the manifest with what only a release knows: its version, where the archives will be, and their SHA-256 sums. Whoever has the same source and the
// same Go gets the same bytes.
package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	program  = "kubectl-mesos"
	template = "config/krew/mesos.yaml"
	// platformBegins is how each platform begins in the template.
	platformBegins = "  - selector: "
)

// texts are what goes with the program into each archive: the licences ask for it, and krew's index for the first.
var texts = []string{"LICENSE", "THIRD_PARTY_LICENSES"}

func main() {
	version := flag.String("version", "", "the release, such as v0.1.0")
	url := flag.String("url", "", "where the archives will be, without their names")
	out := flag.String("out", "", "the directory that archives and manifest are written to")
	flag.Parse()
	if err := run(context.Background(), *version, *url, *out, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "krew:", err)
		os.Exit(1)
	}
}

// run packs the plugin for the platforms that the template has, or for those of them that are asked for.
func run(ctx context.Context, version, url, out string, asked []string) error {
	if err := check(version, url, out); err != nil {
		return err
	}
	source, err := os.ReadFile(template)
	if err != nil {
		return fmt.Errorf("reading the manifest (run it at the root of the repository): %w", err)
	}
	head, platforms := split(string(source))
	built := map[string]bool{}
	manifest := []string{head}
	for _, one := range platforms {
		if len(asked) > 0 && !slices.Contains(asked, one.name()) {
			continue
		}
		sum, err := pack(ctx, version, out, one)
		if err != nil {
			return fmt.Errorf("packing the plugin for %s: %w", one.name(), err)
		}
		manifest = append(manifest, strings.ReplaceAll(one.text, "${"+one.variable()+"}", sum))
		built[one.name()] = true
	}
	for _, name := range asked {
		if !built[name] {
			return fmt.Errorf("the manifest has no platform %s", name)
		}
	}
	text := strings.NewReplacer("${VERSION}", version, "${URL}", strings.TrimSuffix(url, "/")).Replace(strings.Join(manifest, ""))
	if left := regexp.MustCompile(`\$\{\w*\}`).FindString(text); left != "" {
		return fmt.Errorf("nobody knows what %s in the manifest is", left)
	}
	return os.WriteFile(filepath.Join(out, filepath.Base(template)), []byte(text), 0o644) //nolint:gosec // everybody may read what is published
}

// semantic are the versions that krew takes: semantic ones behind a v.
var semantic = regexp.MustCompile(`^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)

func check(version, url, out string) error {
	switch {
	case !semantic.MatchString(version):
		return fmt.Errorf("krew takes versions such as v0.1.0, and not %q: say which by VERSION=", version)
	case !strings.HasPrefix(url, "https://"):
		return fmt.Errorf("krew fetches archives by https, and not from %q", url)
	case out == "":
		return errors.New("-out says nothing of where to write to")
	}
	return os.MkdirAll(out, 0o755) //nolint:gosec // everybody may read what is published
}

// platform is one that the manifest has, with its part of the manifest's text.
type platform struct{ os, arch, text string }

func (p platform) name() string { return p.os + "/" + p.arch }

// variable stands in the template for the sum.
func (p platform) variable() string { return strings.ToUpper("SHA256_" + p.os + "_" + p.arch) }

var selector = regexp.MustCompile(`^\{matchLabels: \{os: (\w+), arch: (\w+)\}\}\n`)

// split takes the template apart: what is before the platforms, and each of them.
func split(source string) (head string, platforms []platform) {
	parts := strings.Split(source, platformBegins)
	for _, part := range parts[1:] {
		one := platform{text: platformBegins + part}
		if found := selector.FindStringSubmatch(part); found != nil {
			one.os, one.arch = found[1], found[2]
		}
		platforms = append(platforms, one)
	}
	return parts[0], platforms
}

// pack builds the program for a platform and writes its archive, of which it returns the sum.
func pack(ctx context.Context, version, out string, to platform) (sum string, err error) {
	directory, err := os.MkdirTemp("", "krew")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(directory)) }()
	build := exec.CommandContext(ctx, "hack/release/build.sh", directory, version, to.name()) //nolint:gosec // the platform is the template's
	build.Env = append(os.Environ(), "PROGRAMS="+program)
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return "", err
	}
	suffix, ending, write := "", ".tar.gz", tarball
	if to.os == "windows" {
		suffix, ending, write = ".exe", ".zip", zipped
	}
	base := program + "-" + to.os + "-" + to.arch
	binary, err := os.ReadFile(filepath.Join(directory, base+suffix)) //nolint:gosec // it was built just now
	if err != nil {
		return "", err
	}
	files := []file{{program + suffix, 0o755, binary}}
	for _, name := range texts {
		text, err := os.ReadFile(name) //nolint:gosec // the names are those above
		if err != nil {
			return "", err
		}
		files = append(files, file{name, 0o644, text})
	}
	var archive bytes.Buffer
	if err := write(&archive, files); err != nil {
		return "", err
	}
	hash := sha256.Sum256(archive.Bytes())
	return hex.EncodeToString(hash[:]), os.WriteFile(filepath.Join(out, base+ending), archive.Bytes(), 0o644) //nolint:gosec // everybody may read what is published
}

// file is one of an archive.
type file struct {
	name    string
	mode    fs.FileMode
	content []byte
}

// packed is when each file was changed, as far as archives tell: they are the same whenever they are made. Zip knows nothing earlier.
var packed = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

func tarball(to io.Writer, files []file) error {
	compressed, err := gzip.NewWriterLevel(to, gzip.BestCompression)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(compressed)
	for _, one := range files {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: one.name, Mode: int64(one.mode), Size: int64(len(one.content)), ModTime: packed, Format: tar.FormatUSTAR}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(one.content); err != nil {
			return err
		}
	}
	return errors.Join(archive.Close(), compressed.Close())
}

func zipped(to io.Writer, files []file) error {
	archive := zip.NewWriter(to)
	for _, one := range files {
		header := &zip.FileHeader{Name: one.name, Method: zip.Deflate, Modified: packed}
		header.SetMode(one.mode)
		entry, err := archive.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := entry.Write(one.content); err != nil {
			return err
		}
	}
	return archive.Close()
}
