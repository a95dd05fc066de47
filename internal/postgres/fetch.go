package postgres

import (
	"archive/tar"
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/xi2/xz"
)

// The binaries are those that fergusstrange/embedded-postgres uses, built by the project
// zonkyio/embedded-postgres-binaries and published as a jar that holds a tar.xz. That library
// cannot be asked for them alone: it downloads as a part of starting a server of its own, which
// it cannot do as root, without a deadline, and goes on without a checksum.
const (
	fetchRepository = "https://repo1.maven.org/maven2"
	fetchTimeout    = 10 * time.Minute
	fetchLimit      = 200 << 20 // bytes of an archive; the largest has some 30 MB
)

// fetchVersions are the builds by major version.
var fetchVersions = map[int]string{15: "15.13.0", 16: "16.9.0", 17: "17.5.0", 18: "18.3.0"}

const fetchNewest = 18

// fetch downloads PostgreSQL into f.FetchDir and returns the folder of its programs.
func (f Finder) fetch(ctx context.Context, major int) (string, error) {
	if major == 0 {
		major = fetchNewest
	}
	version, known := fetchVersions[major]
	if !known {
		return "", fmt.Errorf("there is no download of PostgreSQL %d", major)
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	address := archiveURL(f.Repository, version)
	temp, err := os.MkdirTemp(mkdirs(f.FetchDir), "fetch-")
	if err != nil {
		return "", fmt.Errorf("make a folder for the download: %w", err)
	}
	defer func() { _ = os.RemoveAll(temp) }()
	archive := filepath.Join(temp, "archive.jar")
	if err := download(ctx, address, archive); err != nil {
		return "", fmt.Errorf("download %s: %w", address, err)
	}
	unpacked := filepath.Join(temp, "unpacked")
	if err := unpack(archive, unpacked); err != nil {
		return "", fmt.Errorf("unpack %s: %w", address, err)
	}
	home := filepath.Join(f.FetchDir, "postgresql-"+version)
	if err := errors.Join(os.RemoveAll(home), os.Rename(unpacked, home)); err != nil {
		return "", fmt.Errorf("put the download in its place: %w", err)
	}
	return filepath.Join(home, "bin"), nil
}

// mkdirs makes a folder that the server's account may enter, and returns its name; the caller's
// next step fails if it could not be made.
func mkdirs(dir string) string {
	_ = os.MkdirAll(dir, 0o755)
	return dir
}

func archiveURL(repository, version string) string {
	if repository == "" {
		repository = fetchRepository
	}
	arch := runtime.GOARCH
	if arch == "arm64" {
		arch = "arm64v8"
	}
	if _, err := os.Stat("/etc/alpine-release"); err == nil && runtime.GOOS == "linux" {
		arch += "-alpine"
	}
	name := "embedded-postgres-binaries-" + runtime.GOOS + "-" + arch
	return fmt.Sprintf("%s/io/zonky/test/postgres/%s/%s/%s-%s.jar", strings.TrimSuffix(repository, "/"), name, version, name, version)
}

// download stores the archive if its checksum is the one published beside it.
func download(ctx context.Context, address, to string) error {
	published, err := get(ctx, address+".sha256")
	if err != nil {
		return fmt.Errorf("checksum: %w", err)
	}
	defer published.Close()
	want, err := io.ReadAll(io.LimitReader(published, 256))
	if err != nil {
		return fmt.Errorf("checksum: %w", err)
	}
	body, err := get(ctx, address)
	if err != nil {
		return err
	}
	defer body.Close()
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	defer file.Close()
	sum := sha256.New()
	if n, err := io.Copy(io.MultiWriter(file, sum), io.LimitReader(body, fetchLimit)); err != nil {
		return err
	} else if n == fetchLimit {
		return fmt.Errorf("longer than %d bytes", fetchLimit)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != strings.TrimSpace(string(want)) {
		return fmt.Errorf("the checksum is %s and should be %q", got, want)
	}
	return file.Close()
}

func get(ctx context.Context, address string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		_ = response.Body.Close()
		return nil, fmt.Errorf("the server answered %s", response.Status)
	}
	return response.Body, nil
}

// unpack writes what the tar.xz in the jar holds below dir, and nothing outside of it.
func unpack(archive, dir string) error {
	jar, err := zip.OpenReader(archive)
	if err != nil {
		return err
	}
	defer jar.Close()
	for _, member := range jar.File {
		if path.Ext(member.Name) != ".txz" {
			continue
		}
		packed, err := member.Open()
		if err != nil {
			return err
		}
		defer packed.Close()
		plain, err := xz.NewReader(packed, 0)
		if err != nil {
			return err
		}
		return unpackTar(tar.NewReader(plain), dir)
	}
	return errors.New("it holds no .txz file")
}

func unpackTar(archive *tar.Reader, dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := unpackMember(root, header, archive); err != nil {
			return fmt.Errorf("%s: %w", header.Name, err)
		}
	}
}

func unpackMember(root *os.Root, header *tar.Header, content io.Reader) error {
	name := path.Clean(header.Name)
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	switch header.Typeflag {
	case tar.TypeDir:
		return root.MkdirAll(name, 0o755)
	case tar.TypeSymlink:
		return root.Symlink(header.Linkname, name)
	case tar.TypeReg:
		file, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, header.FileInfo().Mode().Perm()|0o444)
		if err != nil {
			return err
		}
		defer file.Close()
		if _, err := io.Copy(file, content); err != nil {
			return err
		}
		return file.Close()
	}
	return nil
}
