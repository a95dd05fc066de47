package dashboard

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"embed"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// assetPrefix is where the bundle is served. Its file names carry a hash of what
// is in them, so that they may be kept for ever.
const assetPrefix = Prefix + "/assets/"

// assetFiles holds the bundle as bundle/ wrote it: manifest.json, and the files
// that it names, compressed by gzip.
//
//go:embed assets
var assetFiles embed.FS

// bundle names the files of the bundle.
type bundle struct {
	Script, Style, Icon, Licenses string
}

func bundled() bundle {
	var b bundle
	text, err := assetFiles.ReadFile("assets/manifest.json")
	if err == nil {
		err = json.Unmarshal(text, &b)
	}
	if err != nil {
		panic(err) // it is embedded, and written by bundle/
	}
	return b
}

var assetTypes = map[string]string{
	".js":  "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml",
	".txt": "text/plain; charset=utf-8",
}

// serveAsset sends a file of the bundle compressed, as it is embedded, to all that
// take it so.
func serveAsset(w http.ResponseWriter, r *http.Request, name string) {
	packed, err := assetFiles.ReadFile("assets/" + path.Base(name) + ".gz")
	kind, known := assetTypes[path.Ext(name)]
	if err != nil || !known || strings.Contains(name, "/") {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	secure(h)
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	if takesGzip(r.Header.Values("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed) // fails when the client is gone
		return
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic(err) // it is embedded, and written by bundle/
	}
	_, _ = io.Copy(w, unpacked)
}

// takesGzip reads Accept-Encoding: gzip is named, or comes under *, and not with q=0.
func takesGzip(accept []string) bool {
	takes, named := false, false
	for coding := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		name, params, err := mime.ParseMediaType(coding)
		if err != nil || name != "gzip" && (name != "*" || named) {
			continue
		}
		named = named || name == "gzip"
		q, err := strconv.ParseFloat(cmp.Or(params["q"], "1"), 64)
		takes = err == nil && q > 0
	}
	return takes
}
