package compare_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/veilschema/veil/compare"
)

// TestAComparisonOfTheLargestSchemaTakesLittleMemory plays a comparison of 46,000
// facts with 6,000 in a process of its own and asks the system for the most
// memory that it had.
func TestAComparisonOfTheLargestSchemaTakesLittleMemory(t *testing.T) {
	const limit = 300 << 10 // KiB
	if os.Getenv("VEIL_TEST_MEMORY") != "" {
		p := newPair(t, prepare(t, columnFacts(0, 6000)), columnFacts(3000, 46000), 70, func(c *compare.TenantConfig) { c.Workers = 1 })
		if _, _, err := p.exchange(); err != nil {
			t.Fatal(err)
		}
		fmt.Println("peak", peakMemory(t))
		return
	}
	if runtime.GOOS != "linux" {
		t.Skip("the most memory that a process had is read from /proc, which Linux has")
	}
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), "VEIL_TEST_MEMORY=1")
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var peak int
	if _, err := fmt.Sscanf(string(out), "peak %d", &peak); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	t.Logf("both sides together took %d MiB", peak>>10)
	if peak > limit {
		t.Errorf("both sides together took %d KiB, want at most %d", peak, limit)
	}
}

// peakMemory returns the largest resident size of this process, in KiB.
func peakMemory(t *testing.T) (peak int) {
	status, err := os.Open("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = status.Close() }()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			if _, err := fmt.Sscanf(value, "%d kB", &peak); err != nil {
				t.Fatal(err)
			}
		}
	}
	return peak
}
