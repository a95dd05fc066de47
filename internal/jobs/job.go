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

// snoozed reports whether a job was put off before, by its metadata.
func snoozed(metadata []byte) bool {
	var m struct {
		Snoozes int `json:"snoozes"`
	}
	return json.Unmarshal(metadata, &m) == nil && m.Snoozes > 0 // River writes the metadata itself
}
