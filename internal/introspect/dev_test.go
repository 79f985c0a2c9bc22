package introspect_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/internal/introspect"
)

func TestDev(t *testing.T) {
	dsn := os.Getenv("DEVDSN")
	if dsn == "" {
		t.Skip()
	}
	ctx := context.Background()
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		t0 := time.Now()
		d, err := introspect.Read(ctx, c, introspect.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t1 := time.Now()
		f, cov, err := d.Facts(schema.Mapping{})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(os.Stderr, "read", t1.Sub(t0), "facts", time.Since(t1), len(f))
		if i == 2 {
			for _, x := range f {
				fmt.Println(x)
			}
			fmt.Println(cov)
		}
	}
}
