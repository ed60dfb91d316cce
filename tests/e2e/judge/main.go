// Judge says whether a gateway would take the plugin images that its arguments name.
//
// It reads them with go-containerregistry, as the gateway's agent does, and repeats the agent's rules about manifests
// and layers (istio, pkg/wasm/imagefetcher.go). For each image it prints one line of JSON.
package main

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const rawModule = "application/vnd.module.wasm.content.layer.v1+wasm"

type answer struct {
	Image  string `json:"image"`
	Taken  bool   `json:"taken"`
	Digest string `json:"digest,omitempty"`
	Module string `json:"module,omitempty"`
	Error  string `json:"error,omitempty"`
}

func main() {
	lines := json.NewEncoder(os.Stdout)
	for _, image := range os.Args[1:] {
		found := answer{Image: image}
		module, digest, err := read(image)
		found.Digest = digest
		if err == nil && (len(module) < 4 || string(module[:4]) != "\x00asm") {
			err = errors.New("not a module")
		}
		if err != nil {
			found.Error = err.Error()
		} else {
			sum := sha256.Sum256(module)
			found.Taken, found.Module = true, hex.EncodeToString(sum[:])
		}
		if err := lines.Encode(found); err != nil {
			panic(err)
		}
	}
}

func read(image string) ([]byte, string, error) {
	reference, err := name.ParseReference(image)
	if err != nil {
		return nil, "", err
	}
	found, err := remote.Get(reference, remote.WithAuthFromKeychain(authn.DefaultKeychain))
	if err != nil {
		return nil, "", err
	}
	chosen, err := found.Image()
	if err != nil {
		return nil, "", err
	}
	digest, err := chosen.Digest()
	if err != nil {
		return nil, "", err
	}
	module, err := moduleOf(chosen)
	return module, digest.String(), err
}

func moduleOf(image v1.Image) ([]byte, error) {
	manifest, err := image.Manifest()
	if err != nil {
		return nil, err
	}
	layers, err := image.Layers()
	if err != nil {
		return nil, err
	}
	if manifest.MediaType == types.DockerManifestSchema2 {
		return fromLast(layers, types.DockerLayer)
	}
	module, first := fromLast(layers, types.OCILayer)
	if first == nil {
		return module, nil
	}
	module, second := fromPair(layers)
	if second == nil {
		return module, nil
	}
	return nil, fmt.Errorf("%w; %w", first, second)
}

func fromLast(layers []v1.Layer, wanted types.MediaType) ([]byte, error) {
	if len(layers) == 0 {
		return nil, errors.New("no layer")
	}
	last := layers[len(layers)-1]
	kind, err := last.MediaType()
	if err != nil {
		return nil, err
	}
	if kind != wanted {
		return nil, fmt.Errorf("the last layer is %s", kind)
	}
	packed, err := last.Compressed()
	if err != nil {
		return nil, err
	}
	defer packed.Close()
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		return nil, err
	}
	files := tar.NewReader(unpacked)
	for {
		entry, err := files.Next()
		if err != nil {
			return nil, fmt.Errorf("plugin.wasm: %w", err)
		}
		if path.Base(entry.Name) == "plugin.wasm" {
			return io.ReadAll(files)
		}
	}
}

func fromPair(layers []v1.Layer) ([]byte, error) {
	if len(layers) != 2 {
		return nil, fmt.Errorf("%d layers", len(layers))
	}
	for _, layer := range layers {
		kind, err := layer.MediaType()
		if err != nil {
			return nil, err
		}
		if kind == rawModule {
			content, err := layer.Compressed()
			if err != nil {
				return nil, err
			}
			defer content.Close()
			return io.ReadAll(content)
		}
	}
	return nil, errors.New("no raw module")
}
