package telemetry

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/veilschema/veil/internal/store"
)

// scrapeTime bounds what a scrape asks the database.
const scrapeTime = time.Second

var (
	databaseUp  = prometheus.NewDesc("veil_database_up", "Whether the database answered this scrape.", nil, nil)
	comparisons = prometheus.NewDesc("veil_comparisons", "Comparisons by state.", []string{"state"}, nil)
	queued      = prometheus.NewDesc("veil_queue_jobs", "Evaluations in the queue by state.", []string{"state"}, nil)
	oldest      = prometheus.NewDesc("veil_queue_oldest_seconds", "Age of the oldest evaluation that nobody has begun.", nil, nil)
	events      = prometheus.NewDesc("veil_events", "Events in the log.", nil, nil)
	stored      = prometheus.NewDesc("veil_stored_bytes", "Size of the database.", nil, nil)
	connections = prometheus.NewDesc("veil_database_connections", "Connections of this process's pool by state.", []string{"state"}, nil)
	waited      = prometheus.NewDesc("veil_database_wait_seconds_total", "Time that was spent waiting for a connection.", nil, nil)
)

// database collects what the database and its pool say.
type database struct{ db *store.DB }

// Describe lists the metrics.
func (d *database) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{databaseUp, comparisons, queued, oldest, events, stored, connections, waited} {
		to <- desc
	}
}

// Collect reads them.
func (d *database) Collect(to chan<- prometheus.Metric) {
	s := d.db.Pool().Stat()
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	gauge(connections, float64(s.AcquiredConns()), "used")
	gauge(connections, float64(s.IdleConns()), "idle")
	gauge(connections, float64(s.MaxConns()), "limit")
	to <- prometheus.MustNewConstMetric(waited, prometheus.CounterValue, s.AcquireDuration().Seconds())
	up := 1.0
	if err := d.ask(gauge); err != nil {
		up = 0
	}
	gauge(databaseUp, up)
}

// ask reads what only the database knows. Nothing is shown of what was read before an error.
func (d *database) ask(gauge func(*prometheus.Desc, float64, ...string)) error {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
	defer cancel()
	var show []func()
	err := d.db.Read(ctx, store.Service(), func(ctx context.Context, tx pgx.Tx) error {
		show = nil
		for _, by := range []struct {
			desc *prometheus.Desc
			sql  string
		}{
			{comparisons, `SELECT state::text, count(*)::float8 FROM veil.comparison GROUP BY state`},
			{queued, `SELECT state::text, count(*)::float8 FROM river.river_job WHERE state <> 'completed' GROUP BY state`},
		} {
			var state string
			var n float64
			rows, err := tx.Query(ctx, by.sql)
			if err != nil {
				return err
			}
			if _, err := pgx.ForEachRow(rows, []any{&state, &n}, func() error {
				label, value := state, n
				show = append(show, func() { gauge(by.desc, value, label) })
				return nil
			}); err != nil {
				return err
			}
		}
		for _, one := range []struct {
			desc *prometheus.Desc
			sql  string
		}{
			{oldest, `SELECT coalesce(extract(epoch FROM now() - min(scheduled_at)), 0)::float8 FROM river.river_job WHERE state = 'available'`},
			{events, `SELECT size::float8 FROM veil.log_head`},
			{stored, `SELECT pg_catalog.pg_database_size(pg_catalog.current_database())::float8`},
		} {
			var n float64
			if err := tx.QueryRow(ctx, one.sql).Scan(&n); err != nil {
				return err
			}
			show = append(show, func() { gauge(one.desc, n) })
		}
		return nil
	})
	for _, f := range show {
		if err == nil {
			f()
		}
	}
	return err
}
