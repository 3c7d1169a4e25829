package storetest_test

import (
	"testing"

	"standpunt/store/storetest"
)

func TestBolt(t *testing.T) { storetest.Run(t, storetest.OpenAt) }
