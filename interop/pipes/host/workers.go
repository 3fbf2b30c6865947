//go:build unix

package host

import (
	"context"
	"sync"
)

// Each distributes items to a number of workers. The first error cancels the
// context of the others and is returned when all have ended.
func Each[T any](ctx context.Context, workers int, items <-chan T, handle func(context.Context, T) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for range max(1, workers) {
		all.Add(1)
		go func() {
			defer all.Done()
			for {
				select {
				case <-ctx.Done():
					return
				case item, ok := <-items:
					if !ok {
						return
					}
					if err := handle(ctx, item); err != nil {
						cancel(err)
						return
					}
				}
			}
		}()
	}
	all.Wait()
	return context.Cause(ctx)
}
