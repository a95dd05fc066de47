package jobs

import (
	"encoding/json"
	"fmt"

	"github.com/riverqueue/river/rivertype"
)

// decode reads the order in a row of River.
func decode(job *rivertype.JobRow) (runArgs, error) {
	var args runArgs
	if err := json.Unmarshal(job.EncodedArgs, &args); err != nil {
		return args, fmt.Errorf("read the arguments of job %d: %w", job.ID, err)
	}
	return args, nil
}

// waitedKey marks in a job's metadata that its run found its series taken.
const waitedKey = "waited"

// waited reports whether that was so.
func waited(metadata []byte) bool {
	var m struct {
		Waited bool `json:"waited"`
	}
	return json.Unmarshal(metadata, &m) == nil && m.Waited // River writes the metadata itself
}
