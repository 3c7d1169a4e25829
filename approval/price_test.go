package approval

import "testing"

func TestMoneyIsWrittenWithItsDecimals(t *testing.T) {
	for m, want := range map[Money]string{
		0: "$0.00", 200_000: "$0.20", 15_000: "$0.015", 1_000: "$0.001", 1: "$0.000001", 12_340_000: "$12.34", -5_000: "-$0.005",
	} {
		if got := m.String(); got != want {
			t.Errorf("%d is %q, want %q", int64(m), got, want)
		}
	}
}
