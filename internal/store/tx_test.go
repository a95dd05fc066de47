package store_test

import "errors"

var errStop = errors.New("stop")
