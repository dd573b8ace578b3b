/** The process that makes the load, so that its work is not the bench's and can be counted by itself. */
import { closedLoop } from './closed-loop.ts'
import type { Load, Outcome, Target } from './load.ts'
import { mixed } from './mixed.ts'
import { read } from './read.ts'
import { watch } from './watch.ts'

function run(target: Target, load: Load): Promise<Outcome> {
  switch (load.do) {
    case 'closed-loop':
      return closedLoop(target, load)
    case 'read':
      return read(target, load)
    case 'watch':
      return watch(target, load)
    case 'mixed':
      return mixed(target, load)
  }
}

process.once('message', ({ target, load }: { target: Target; load: Load }) => {
  run(target, load).then(
    (outcome) => process.send!({ outcome }, () => process.exit(0)),
    (error: Error) => process.send!({ failure: error.stack ?? error.message }, () => process.exit(1)),
  )
})
