// Command schemadiff measures plans of a library that compares two schemas, github.com/stripe/pg-schema-diff, beside Veil's, on real
// pairs of versions.
//
//	schemadiff [-n RUNS] FOLDER [OLD NEW]...
//
// FOLDER holds a file of DDL for each schema. For each pair the library is given both databases, which is more than Veil is given: Veil sees
// verdicts on the new one's facts and nothing of the old one. Then it is given what verdicts say, the new schema less what the old one
// lacks. It prints a Markdown table: medians of RUNS plans, and what became of both plans when their statements ran in a database with the
// old schema and no rows.
//
// It is a module of its own, so that the library and what it brings do not come into Veil's.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/veilschema/veil/internal/postgres"
)

// pairs are the real versions that Veil upgrades in its tests.
var pairs = []string{
	"omop_cdm_v5_3", "omop_cdm_v5_4", "omop_cdm_v5_4", "omop_cdm_v6_0", "mimic_iv_v2_0", "mimic_iv_v3_1", "synthea_v270", "synthea_v330",
	"fhirbase_3_0_1", "fhirbase_4_0_0", "killbill_0_18_22", "killbill_0_22_33", "killbill_0_22_33", "killbill_0_24_21",
	"gitlab_11_ce", "gitlab_18", "osm_website_2015", "osm_website_2021", "osm_website_2021", "osm_website_2026", "mediawiki_1_39", "mediawiki_1_43",
}

func main() {
	runs := flag.Int("n", 5, "how many plans are timed for each pair")
	flag.Parse()
	list := flag.Args()
	if len(list) == 0 || len(list)%2 == 0 || *runs < 1 {
		log.Fatal("give the folder of the DDL files and, to measure others than all, pairs of their names without .sql")
	}
	if list = list[1:]; len(list) == 0 {
		list = pairs
	}
	log.SetOutput(io.Discard) // the library warns there of what it prints in its errors, too
	if err := run(context.Background(), os.Stdout, flag.Arg(0), list, *runs); err != nil {
		fmt.Fprintln(os.Stderr, "schemadiff:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, folder string, list []string, runs int) (err error) {
	bins, err := postgres.Find("")
	if err != nil {
		return err
	}
	s, err := postgres.Start(ctx, postgres.Options{Binaries: bins})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	fmt.Fprintf(out, "PostgreSQL %s, medians of %d runs in ms, %s\n\n", s.Version(), runs, time.Now().UTC().Format("2006-01-02 15:04 MST"))
	fmt.Fprintln(out, "| from | to | library: plan | with its validation | statements | of these delete data | given both schemas | given what verdicts say | Veil: plan | steps |")
	fmt.Fprintln(out, "|---|---|---|---|---|---|---|---|---|---|")
	for pair := range slices.Chunk(list, 2) {
		b := &bench{server: s, runs: runs, old: filepath.Join(folder, pair[0]+".sql"), next: filepath.Join(folder, pair[1]+".sql")}
		row, err := b.row(ctx)
		if err != nil {
			return fmt.Errorf("%s to %s: %w", pair[0], pair[1], err)
		}
		fmt.Fprintf(out, "| %s | %s | %s\n", pair[0], pair[1], row)
	}
	return nil
}

// median returns the middle of the times in milliseconds, as text.
func median(times []time.Duration) string {
	if len(times) == 0 {
		return "–"
	}
	slices.Sort(times)
	return fmt.Sprintf("%.0f", float64(times[len(times)/2].Microseconds())/1000)
}
