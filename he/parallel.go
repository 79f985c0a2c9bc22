package he

import (
	"sync"
	"sync/atomic"
)

// parallel calls work(0) ... work(n-1) from at most workers goroutines, each of
// which gets its own work function, and so its own buffers, from newWorker.
func parallel(n, workers int, newWorker func() func(int)) {
	workers = min(workers, n)
	if workers <= 1 {
		work := newWorker()
		for i := range n {
			work(i)
		}
		return
	}
	var next atomic.Int64
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			work := newWorker()
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				work(i)
			}
		})
	}
	group.Wait()
}
