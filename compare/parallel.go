package compare

import "sync"

// spread cuts [0, n) into at most workers ranges and runs them side by side.
func spread(n, workers int, work func(from, to int)) {
	workers = max(1, min(workers, n/256))
	if workers == 1 {
		work(0, n)
		return
	}
	var group sync.WaitGroup
	for i := range workers {
		group.Go(func() { work(i*n/workers, (i+1)*n/workers) })
	}
	group.Wait()
}
